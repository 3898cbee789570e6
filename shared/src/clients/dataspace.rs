//! The Dataspace API: who a conseiller numérique is, where they work and under which contracts.
//!
//! "Not found" is an answer like another; whatever is not understood is an error and never taken for "not found" or
//! for "false". E-mails are in requests only, never in errors or logs.
//!
//! Source: docs/spec/coop.md#dataspace-client

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use url::Url;

use super::outgoing::{self, AskError};
use crate::platform::measures::Count;
use crate::platform::secrets::{ApiKey, Rotating};
use domain::coop::payload::{ContractBroken, Payload};

/// One try, its answer read.
const TRY: Duration = Duration::from_secs(10);
/// A try and its two repetitions.
const TRIES: u32 = 3;

/// A client of the Dataspace. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dataspace {
    http: reqwest::Client,
    mediateur: Arc<Url>,
    key: Rotating<ApiKey>,
}

/// What the Dataspace knows of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Fetched {
    /// It does not know them: nothing is to be done.
    NotFound,
    /// All of this.
    Found(Box<Payload>),
}

/// Why the Dataspace could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FetchError {
    /// It is down, too slow or busy, after three tries: a later attempt may succeed.
    #[error("the Dataspace {0}")]
    Unavailable(AskError),
    /// It refused the request, or its answer is no JSON array: asking again does not help.
    #[error("the Dataspace {0}")]
    Refused(AskError),
    /// Its answer breaks the contract.
    #[error("the Dataspace breaks the contract: {0}")]
    Contract(#[from] ContractBroken),
}

/// Why the client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The base URL is none.
    #[error("the address of the Dataspace is no URL")]
    Url(#[from] url::ParseError),
    /// TLS could not be set up.
    #[error("the HTTP client of the Dataspace could not be built")]
    Http(#[from] reqwest::Error),
}

impl Dataspace {
    /// A client of the API at `base`.
    ///
    /// # Errors
    /// When the address or the machine's TLS does not allow it.
    pub fn new(base: &str, key: Rotating<ApiKey>) -> Result<Self, ClientError> {
        let mediateur = Url::parse(&format!("{}/rpc/get_mediateur", base.trim_end_matches('/')))?;
        Ok(Self { http: outgoing::client(TRY)?, mediateur: Arc::new(mediateur), key })
    }

    /// What the Dataspace knows of the person with this e-mail, all tries within `within`.
    ///
    /// # Errors
    /// [`FetchError`]; [`FetchError::Unavailable`] when the time is over.
    pub async fn fetch(&self, email: &str, within: Duration) -> Result<Fetched, FetchError> {
        Count::DataspaceCalls.one();
        let fetched = self.fetched(email, within).await;
        if fetched.is_err() {
            Count::DataspaceFailures.one();
        }
        fetched
    }

    async fn fetched(&self, email: &str, within: Duration) -> Result<Fetched, FetchError> {
        let asked = tokio::time::timeout(within, outgoing::retry(TRIES, || self.asked(email)));
        let answer = match asked.await.unwrap_or(Err(AskError::Timeout)) {
            Ok(answer) => answer,
            Err(AskError::Status(404)) => return Ok(Fetched::NotFound),
            Err(error) if error.is_passing() => return Err(FetchError::Unavailable(error)),
            Err(error) => return Err(FetchError::Refused(error)),
        };
        let Value::Array(mut people) = answer else { return Err(FetchError::Refused(AskError::Form)) };
        // Of several people the first counts.
        people.truncate(1);
        match people.pop() {
            None | Some(Value::Null) => Ok(Fetched::NotFound),
            Some(person) => Ok(Fetched::Found(Box::new(Payload::read(&person)?))),
        }
    }

    async fn asked(&self, email: &str) -> Result<Value, AskError> {
        self.key.keep_fresh().await;
        let mut url = Url::clone(&self.mediateur);
        url.query_pairs_mut().append_pair("email", &email.trim().to_lowercase());
        let bearer = format!("Bearer {}", self.key.current().key);
        match outgoing::ask(self.http.get(url).header(AUTHORIZATION, bearer)).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => {
                // A key may have been replaced since it was read: the next request has the new one.
                if status == StatusCode::UNAUTHORIZED {
                    self.key.read_again().await;
                }
                Err(AskError::Status(status.as_u16()))
            }
        }
    }
}
