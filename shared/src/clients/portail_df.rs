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
    token: Arc<Mutex<Option<String>>>,
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
    pub fn new(base: &str, account: Rotating<Account>) -> Result<Self, ClientError> {
        let base = Url::parse(&format!("{}/", base.trim_end_matches('/')))?;
        Ok(Self { http: outgoing::client(CALL)?, base: Arc::new(base), account, token: Arc::default() })
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
        let users = self.users(email).await?;
        let ids = |id: fn(&UserWire) -> Id| users.iter().filter_map(|user| id(user).present()).collect::<BTreeSet<_>>();
        let (structures, groups) = futures_util::join!(
            self.each::<StructureWire>("structures", ids(|user| user.structure)),
            self.each::<GroupWire>("groupes", ids(|user| user.groupe)),
        );
        let perimeters = groups.iter().filter_map(|(_, group)| group.as_ref().ok()?.perimetre.present()).collect();
        let perimeters = self.each::<PerimeterWire>("perimetres", perimeters).await;
        let entry = |user: &UserWire| {
            let group = part(&groups, user.groupe);
            Entry {
                date_expiration: user.date_expiration,
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
        Ok(users.iter().map(entry).collect())
    }

    /// Every entry of the person, page by page.
    async fn users(&self, email: &str) -> Result<Vec<UserWire>, AskError> {
        let mut next = self.url("api/utilisateurs")?;
        next.query_pairs_mut().append_pair("email", email);
        let mut users = Vec::new();
        for _ in 0..MAX_PAGES {
            let page: Page = self.get(&next).await?;
            users.extend(page.results);
            let Some(following) = page.next else { return Ok(users) };
            next = Url::parse(&following).map_err(|_| AskError::Form)?;
            // The token goes where it came from, whatever an answer says.
            if next.origin() != self.base.origin() {
                return Err(AskError::Form);
            }
        }
        Err(AskError::Form)
    }

    async fn each<T: DeserializeOwned>(&self, kind: &str, ids: BTreeSet<i64>) -> Calls<T> {
        let fetch = async |id: i64| {
            let found = match self.url(&format!("api/{kind}/{id}")) {
                Ok(url) => self.get(&url).await,
                Err(error) => Err(error),
            };
            if let Err(error) = &found {
                tracing::warn!(%error, kind, id, "Portail DF did not tell");
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
        let request = || self.http.get(url.clone()).header(AUTHORIZATION, format!("Token {token}"));
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
        let url = self.url("api/api-token-auth/")?;
        let request =
            || self.http.post(url.clone()).header("content-type", "application/json").body(credentials.clone());
        let answer = outgoing::retry(TRIES, || succeeded(request())).await?;
        answer["token"].as_str().map(str::to_owned).ok_or(AskError::Form)
    }

    fn url(&self, path: &str) -> Result<Url, AskError> {
        self.base.join(path).map_err(|_| AskError::Form)
    }
}

type Calls<T> = Vec<(i64, Result<T, AskError>)>;

async fn succeeded(request: reqwest::RequestBuilder) -> Result<Value, AskError> {
    let (status, body) = outgoing::ask(request).await?;
    if status.is_success() { Ok(body) } else { Err(AskError::Status(status.as_u16())) }
}

fn part<T>(calls: &Calls<T>, id: Id) -> Fetched<&T> {
    let Some(id) = id.present() else { return Fetched::None };
    match calls.iter().find(|(known, _)| *known == id) {
        Some((_, Ok(found))) => Fetched::Known(found),
        _ => Fetched::Failed,
    }
}

impl StructureWire {
    fn read(&self) -> PortailStructure {
        PortailStructure {
            id: self.id_structure.unwrap_or_default(),
            siren: self.siret.get(..9).unwrap_or(&self.siret).to_owned(),
            name: self.nom.clone().unwrap_or_default(),
            acces_lovac: self.acces_lovac,
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
        let list = |codes: &Option<Vec<String>>| codes.clone().unwrap_or_default();
        Perimeter {
            fr_entiere: self.fr_entiere.unwrap_or(false),
            geo_codes: list(&self.comm),
            departments: list(&self.dep),
            regions: list(&self.reg),
            epci: list(&self.epci),
        }
    }
}
