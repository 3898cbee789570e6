//! A deployment, called through its HTTP API with an operator's key: what is done so, it judges and logs itself.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use passerelle::clients::outgoing;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::Failure;
use crate::process::unwritten;

/// The variable of the environment that holds the key: an argument would stay in the shell's history.
pub const KEY: &str = "PASSERELLE_KEY";

/// How long an answer may take: a function of the API ends within 29 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which deployment, by which key, told how.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Access {
    /// Its address, without the domain's path.
    #[arg(long, value_name = "URL")]
    pub api: Url,
    /// A file that holds the key, readable by its owner alone.
    #[arg(long, global = true, value_name = "FICHIER")]
    pub key_file: Option<PathBuf>,
    /// Tell the API's own answer, as one line of JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Access {
    /// Makes the calls in their order, up to the first that fails, and tells each outcome to `out`. The key is the one
    /// in the file, or else `variable`, the one of the environment.
    ///
    /// # Errors
    /// When there is no key, the deployment does not answer, or refuses.
    pub async fn carry_out(
        &self,
        calls: impl IntoIterator<Item = Call>,
        variable: Option<String>,
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let key = match &self.key_file {
            Some(file) => Some(read_key(file)?),
            None => variable,
        };
        let deployment = Deployment::new(&self.api, key)?;
        for call in calls {
            let answer = deployment.call(&call).await?;
            let text = if self.json { answer.to_string() } else { (call.tell)(&answer) };
            writeln!(out, "{text}").map_err(|error| unwritten(&error))?;
        }
        Ok(())
    }
}

/// A key in a file that nobody else can read.
fn read_key(file: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::Arguments(format!("le fichier de la clé est illisible : {error}"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if std::fs::metadata(file).map_err(unreadable)?.mode() & 0o077 != 0 {
            let sentence = "le fichier de la clé est ouvert à d'autres que vous : chmod 600";
            return Err(Failure::Arguments(sentence.to_owned()));
        }
    }
    Ok(std::fs::read_to_string(file).map_err(unreadable)?.trim().to_owned())
}

/// A call of the API, and how its answer is told.
pub struct Call {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    tell: fn(&Value) -> String,
}

impl Call {
    /// Calls `path`, given segment by segment.
    pub fn new<'a>(method: Method, path: impl IntoIterator<Item = &'a str>, tell: fn(&Value) -> String) -> Self {
        let path = path.into_iter().map(str::to_owned).collect();
        Self { method, path, query: Vec::new(), body: None, tell }
    }

    /// The same, with a parameter of its query.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
    }

    /// The same, with a body.
    #[must_use]
    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// A deployment and the key it is called with.
struct Deployment {
    client: reqwest::Client,
    url: Url,
    key: String,
}

impl Deployment {
    fn new(url: &Url, key: Option<String>) -> Result<Self, Failure> {
        let missing = || format!("la clé de l'exploitant est attendue dans la variable {KEY}, ou par --key-file");
        let key = key.filter(|key| !key.is_empty()).ok_or_else(|| Failure::Arguments(missing()))?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.cannot_be_a_base() || url.scheme() != "https" && !(local && url.scheme() == "http") {
            return Err(Failure::Arguments("l'adresse de l'API doit commencer par https://".to_owned()));
        }
        let client =
            outgoing::client(PATIENCE).map_err(|error| Failure::Unexpected(format!("TLS indisponible : {error}")))?;
        Ok(Self { client, url: url.clone(), key })
    }

    /// The JSON answered, null when it is none. Every call may be repeated: an answer that was lost is no harm.
    async fn call(&self, call: &Call) -> Result<Value, Failure> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.client.request(call.method.clone(), url).bearer_auth(&self.key);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let (status, body) = outgoing::ask(request).await.map_err(|error| {
            Failure::Unreachable(format!(
                "l'API ne répond pas comme prévu ({error}) : relancer la commande est sans risque"
            ))
        })?;
        if status.is_success() {
            return Ok(body);
        }
        let sentence =
            ["detail", "title"].iter().find_map(|member| body[*member].as_str()).unwrap_or("sans explication");
        let faults = body["errors"].as_array().into_iter().flatten().filter_map(describe_fault);
        let sentences: Vec<String> = std::iter::once(sentence.to_owned()).chain(faults).collect();
        Err(Failure::Refused(format!("l'API a refusé ({}) : {}", status.as_u16(), sentences.join(" ; "))))
    }
}

/// What is wrong with one value of a body.
fn describe_fault(fault: &Value) -> Option<String> {
    Some(format!("{} {}", fault["pointer"].as_str()?, fault["detail"].as_str()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, key: Option<&str>) -> Option<String> {
        Deployment::new(&url.parse().unwrap(), key.map(str::to_owned)).err().map(|error| error.to_string())
    }

    #[test]
    fn an_operators_key_does_not_travel_in_clear() {
        for url in ["http://api.example", "http://127.0.0.1.evil.example", "ftp://localhost", "mailto:a@b.example"] {
            assert!(refusal(url, Some("k")).is_some_and(|error| error.contains("https://")), "{url}");
        }
        for url in ["https://api.example", "http://localhost:4310", "http://[::1]:4310"] {
            assert_eq!(refusal(url, Some("k")), None, "{url}");
            for none in [None, Some("")] {
                assert!(refusal(url, none).is_some_and(|error| error.contains(KEY)), "{url}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "clé\n").unwrap();
        let open = |mode| std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        open(0o600);
        assert_eq!(read_key(file.path()).unwrap(), "clé");
        open(0o640);
        assert!(read_key(file.path()).unwrap_err().to_string().contains("chmod 600"));
        assert!(read_key(Path::new("/nulle/part")).unwrap_err().to_string().contains("illisible"));
    }
}
