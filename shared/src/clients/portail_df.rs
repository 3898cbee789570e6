//! Portail DF: what it knows of a person.
//!
//! The token is kept and shared; it is renewed once when it is refused. Structures, groups and perimeters are fetched
//! at once, each id once. What fails is told call by call, so that the decision knows what it does not know.
//!
//! Source: docs/spec/droits.md#portail-df-client

mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::header::AUTHORIZATION;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use self::wire::{GroupWire, Id, Page, PerimeterWire, StructureWire, UserWire};
use super::outgoing::{self, AskError};
use crate::platform::measures::Count;
use crate::platform::secrets::{Account, Rotating};
use domain::droits::perimeter::Perimeter;
use domain::droits::portail_df::{Consultation, Entry, Fetched, PortailGroup, PortailStructure};

/// One call, its answer read.
const CALL: Duration = Duration::from_secs(5);
/// The whole consultation.
const WHOLE: Duration = Duration::from_secs(12);
/// A call and its two repetitions.
const TRIES: u32 = 3;
/// Far more entries than a person has: a list without end is no answer.
const MAX_PAGES: usize = 40;

/// A client of Portail DF. Cheap to clone; clones share the token.
#[derive(Clone, Debug)]
pub struct PortailDf {
    http: reqwest::Client,
    base: Arc<Url>,
    account: Rotating<Account>,
    version: Version,
    token: Arc<Mutex<Option<String>>>,
}

/// Which way of Portail DF's to give out tokens is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// `api-token-auth`, presented as `Token`.
    #[default]
    V1,
    /// `token`, presented as `Bearer`.
    V2,
}

impl Version {
    const fn token_path(self) -> &'static str {
        match self {
            Self::V1 => "api/api-token-auth/",
            Self::V2 => "api/token/",
        }
    }

    const fn token_member(self) -> &'static str {
        match self {
            Self::V1 => "token",
            Self::V2 => "access",
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::V1 => "Token",
            Self::V2 => "Bearer",
        }
    }
}

/// What is fetched by its id.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Structure,
    Group,
    Perimeter,
}

impl Kind {
    const fn collection(self) -> &'static str {
        match self {
            Self::Structure => "structures",
            Self::Group => "groupes",
            Self::Perimeter => "perimetres",
        }
    }

    /// Groups and perimeters end with a slash; Portail DF redirects from the other form, and nothing is followed here.
    fn path(self, id: i64) -> String {
        let slash = if matches!(self, Self::Structure) { "" } else { "/" };
        format!("api/{}/{id}{slash}", self.collection())
    }
}

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL is none.
    #[error("the address of Portail DF is no URL")]
    Url(#[from] url::ParseError),
    /// TLS could not be set up.
    #[error("the HTTP client of Portail DF could not be built")]
    Http(#[from] reqwest::Error),
}

impl PortailDf {
    /// A client of the API at `base`, which authenticates as `account`.
    ///
    /// # Errors
    /// When the address or the machine's TLS does not allow it.
    pub fn new(base: &str, version: Version, account: Rotating<Account>) -> Result<Self, ClientError> {
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')))?;
        Ok(Self { http: outgoing::client(CALL)?, base: Arc::new(base), account, version, token: Arc::default() })
    }

    /// What Portail DF knows of the person with this e-mail.
    pub async fn consult(&self, email: &str) -> Consultation {
        Count::PortailDfCalls.one();
        match tokio::time::timeout(WHOLE, self.consulted(email)).await {
            Ok(Ok(entries)) => return Consultation::Answered(entries),
            Ok(Err(error)) => tracing::warn!(%error, "Portail DF could not be asked"),
            Err(_) => tracing::warn!("Portail DF took too long"),
        }
        Count::PortailDfFailures.one();
        Consultation::Unavailable
    }

    async fn consulted(&self, email: &str) -> Result<Vec<Entry>, AskError> {
        let found = self.users(email).await?;
        let users: Vec<&UserWire> = found.iter().filter(|user| user.is_of(email)).collect();
        if users.is_empty() && !found.is_empty() {
            // A filter that is ignored, or understood otherwise, answers other people's entries: nothing is known.
            return Err(AskError::Form);
        }
        let ids = |id: fn(&UserWire) -> Id| users.iter().filter_map(|user| id(user).present()).collect::<BTreeSet<_>>();
        let (structures, groups) = futures_util::join!(
            self.each::<StructureWire>(Kind::Structure, ids(|user| user.structure)),
            self.each::<GroupWire>(Kind::Group, ids(|user| user.groupe)),
        );
        let perimeters =
            groups.iter().filter_map(|(_, group)| group.as_ref().ok()?.as_ref()?.perimetre.present()).collect();
        let perimeters = self.each::<PerimeterWire>(Kind::Perimeter, perimeters).await;
        let entry = |user: &UserWire| {
            let group = part(&groups, user.groupe);
            Entry {
                date_expiration: user.date_expiration.clone(),
                cgu_valide: user.cgu_valide,
                structure: part(&structures, user.structure).map(StructureWire::read),
                perimeter: match &group {
                    Fetched::Known(group) => part(&perimeters, group.perimetre).map(PerimeterWire::read),
                    Fetched::None => Fetched::None,
                    Fetched::Failed => Fetched::Failed,
                },
                group: group.map(GroupWire::read),
            }
        };
        Ok(users.into_iter().map(entry).collect())
    }

    /// Every entry of the person, page by page.
    async fn users(&self, email: &str) -> Result<Vec<UserWire>, AskError> {
        let mut next = self.url("api/utilisateurs")?;
        next.query_pairs_mut().append_pair("email", email);
        let mut users = Vec::new();
        for _ in 0..MAX_PAGES {
            let page: Page = self.get(&next).await?;
            users.extend(page.results);
            match following(&next, page.next.as_deref())? {
                Some(following) => next = following,
                None => return Ok(users),
            }
        }
        Err(AskError::Form)
    }

    async fn each<T: DeserializeOwned>(&self, kind: Kind, ids: BTreeSet<i64>) -> Calls<T> {
        let fetch = async |id: i64| {
            let found = match self.url(&kind.path(id)) {
                Ok(url) => self.get(&url).await.map(Some),
                Err(error) => Err(error),
            };
            let found = match found {
                // It tells that there is none.
                Err(AskError::Status(404)) => Ok(None),
                found => found,
            };
            if let Err(error) = &found {
                tracing::warn!(%error, kind = kind.collection(), id, "Portail DF did not tell");
            }
            (id, found)
        };
        join_all(ids.into_iter().map(fetch)).await
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, AskError> {
        let token = self.token(None).await?;
        let body = match self.answered(url, &token).await {
            Err(AskError::Status(401)) => {
                let renewed = self.token(Some(&token)).await?;
                self.answered(url, &renewed).await?
            }
            answered => answered?,
        };
        serde_json::from_value(body).map_err(|_| AskError::Form)
    }

    async fn answered(&self, url: &Url, token: &str) -> Result<Value, AskError> {
        let request = || self.http.get(url.clone()).header(AUTHORIZATION, format!("{} {token}", self.version.scheme()));
        outgoing::retry(TRIES, || succeeded(request())).await
    }

    /// The token at hand, or a new one: when there is none, or it is the one that was `refused`.
    async fn token(&self, refused: Option<&str>) -> Result<String, AskError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_deref().filter(|token| Some(*token) != refused) {
            return Ok(token.to_owned());
        }
        *kept = None;
        self.account.keep_fresh().await;
        let token = match self.signed_in().await {
            // The password may have been changed since it was read.
            Err(AskError::Status(400..=403)) => {
                self.account.read_again().await;
                self.signed_in().await?
            }
            signed_in => signed_in?,
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    async fn signed_in(&self) -> Result<String, AskError> {
        let account = self.account.current();
        let credentials = json!({"username": account.username, "password": account.password}).to_string();
        let url = self.url(self.version.token_path())?;
        let request =
            || self.http.post(url.clone()).header("content-type", "application/json").body(credentials.clone());
        let answer = outgoing::retry(TRIES, || succeeded(request())).await?;
        answer[self.version.token_member()].as_str().map(str::to_owned).ok_or(AskError::Form)
    }

    fn url(&self, path: &str) -> Result<Url, AskError> {
        self.base.join(path).map_err(|_| AskError::Form)
    }
}

type Calls<T> = Vec<(i64, Result<Option<T>, AskError>)>;

/// The page after `current`, as its answer names it: absolute, relative, in `http` behind a proxy that ends TLS. Empty,
/// or `/#?`, there is none. The token goes where it came from, whatever an answer says: on another host, nothing is
/// known.
fn following(current: &Url, next: Option<&str>) -> Result<Option<Url>, AskError> {
    let text = next.unwrap_or_default().trim();
    if text.is_empty() || text.ends_with("/#?") {
        return Ok(None);
    }
    let mut following = current.join(text).map_err(|_| AskError::Form)?;
    let same_port = following.port().is_none_or(|port| Some(port) == current.port());
    if following.host() != current.host() || !same_port {
        return Err(AskError::Form);
    }
    following.set_fragment(None);
    let (scheme, port) = (current.scheme().to_owned(), current.port());
    let set = following.set_scheme(&scheme).and_then(|()| following.set_port(port));
    set.map_err(|()| AskError::Form)?;
    Ok(Some(following))
}

async fn succeeded(request: reqwest::RequestBuilder) -> Result<Value, AskError> {
    let (status, body) = outgoing::ask(request).await?;
    if status.is_success() { Ok(body) } else { Err(AskError::Status(status.as_u16())) }
}

fn part<T>(calls: &Calls<T>, id: Id) -> Fetched<&T> {
    let Some(id) = id.present() else { return Fetched::None };
    match calls.iter().find(|(known, _)| *known == id) {
        Some((_, Ok(Some(found)))) => Fetched::Known(found),
        Some((_, Ok(None))) => Fetched::None,
        _ => Fetched::Failed,
    }
}

impl StructureWire {
    fn read(&self) -> PortailStructure {
        PortailStructure {
            id: self.id_structure.unwrap_or_default(),
            siren: self.siret.get(..9).unwrap_or(&self.siret).to_owned(),
            name: self.nom.clone().unwrap_or_default(),
            acces_lovac: self.acces_lovac.clone(),
        }
    }
}

impl GroupWire {
    fn read(&self) -> PortailGroup {
        PortailGroup {
            id: self.id_groupe.unwrap_or_default(),
            niveau_acces: self.niveau_acces.clone(),
            lovac: self.lovac.unwrap_or(false),
        }
    }
}

impl PerimeterWire {
    fn read(&self) -> Perimeter {
        Perimeter {
            fr_entiere: self.fr_entiere.unwrap_or(false),
            geo_codes: self.comm.0.clone(),
            departments: self.dep.0.clone(),
            regions: self.reg.0.clone(),
            epci: self.epci.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_on_the_same_host_or_there_is_none() {
        let current = Url::parse("https://portaildf.example/api/utilisateurs?email=a%40ville.fr").unwrap();
        let next = |text| following(&current, text).map(|url| url.map(String::from));
        let second = "https://portaildf.example/api/utilisateurs?email=a%40ville.fr&page=2";
        let (in_http, with_fragment) = (second.replace("https", "http"), format!("{second}#x"));
        for same in [
            second,
            &in_http,
            "/api/utilisateurs?email=a%40ville.fr&page=2",
            "?email=a%40ville.fr&page=2",
            &with_fragment,
        ] {
            assert_eq!(next(Some(same)).unwrap().as_deref(), Some(second), "{same}");
        }
        for end in [None, Some(""), Some("  "), Some("https://portaildf.example/#?")] {
            assert_eq!(next(end).unwrap(), None, "{end:?}");
        }
        for foreign in [
            "https://elsewhere.example/api/utilisateurs?page=2",
            "https://portaildf.example:8443/x",
            "//elsewhere.example/x",
            "file:///etc/passwd",
            "https://portaildf.example@elsewhere.example/",
        ] {
            assert!(next(Some(foreign)).is_err(), "{foreign}");
        }
        let local = Url::parse("http://127.0.0.1:4312/api/utilisateurs?email=x").unwrap();
        assert!(following(&local, Some("http://127.0.0.1:4313/api/utilisateurs?page=2")).is_err());
        let second = "http://127.0.0.1:4312/api/utilisateurs?page=2";
        assert_eq!(following(&local, Some(second)).unwrap().map(String::from).as_deref(), Some(second));
    }
}
