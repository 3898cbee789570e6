//! A deployment, called through its HTTP API with an operator's key: what is done so, it judges and logs itself.

use std::time::Duration;

use passerelle::clients::outgoing;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::Failure;

/// The variable of the environment that holds the key: an argument would stay in the shell's history.
pub const KEY: &str = "PASSERELLE_KEY";

/// How long an answer may take: a function of the API ends within 29 seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A deployment and the key it is called with.
pub struct Deployment {
    client: reqwest::Client,
    url: Url,
    key: String,
}

impl Deployment {
    /// The deployment at `url`, as the stack's output `ApiUrl` shows it.
    ///
    /// # Errors
    /// When there is no key, or the address would send it in clear over the network.
    pub fn new(url: &Url, key: Option<String>) -> Result<Self, Failure> {
        let key = key
            .filter(|key| !key.is_empty())
            .ok_or_else(|| Failure::Arguments(format!("la variable {KEY} doit contenir la clé de l'exploitant")))?;
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.cannot_be_a_base() || url.scheme() != "https" && !local {
            return Err(Failure::Arguments("l'adresse de l'API doit commencer par https://".to_owned()));
        }
        let client =
            outgoing::client(PATIENCE).map_err(|error| Failure::Unexpected(format!("TLS indisponible : {error}")))?;
        Ok(Self { client, url: url.clone(), key })
    }

    /// Calls `path`, given segment by segment; the JSON answered, null when it is none.
    ///
    /// # Errors
    /// When there is no answer, or it is a refusal: its own sentence.
    pub async fn call(&self, method: Method, path: &[&str]) -> Result<Value, Failure> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let (status, body) = outgoing::ask(self.client.request(method, url).bearer_auth(&self.key))
            .await
            .map_err(|error| Failure::Unexpected(format!("l'API ne répond pas comme prévu : {error}")))?;
        if status.is_success() {
            return Ok(body);
        }
        let sentence =
            ["detail", "title"].iter().find_map(|member| body[*member].as_str()).unwrap_or("sans explication");
        Err(Failure::Unexpected(format!("l'API a refusé ({}) : {sentence}", status.as_u16())))
    }
}
