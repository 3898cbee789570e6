//! Brevo: the mails of the second factor, and the contacts of La Coop.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::outgoing::{self, AskError};
use crate::platform::secrets::{ApiKey, Rotating};

/// One call, its answer read.
const CALL: Duration = Duration::from_secs(10);

/// A client of Brevo. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Brevo {
    http: reqwest::Client,
    base: Arc<str>,
    key: Rotating<ApiKey>,
}

impl Brevo {
    /// A client of the API at `base`.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(base: &str, key: Rotating<ApiKey>) -> Result<Self, reqwest::Error> {
        Ok(Self { http: outgoing::client(CALL)?, base: base.trim_end_matches('/').into(), key })
    }

    /// Posts `body` to `path`, once.
    ///
    /// # Errors
    /// Any status but 2xx, a time-out, a broken connection. A refused key is read again for the next call.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(), AskError> {
        self.key.keep_fresh().await;
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("api-key", &self.key.current().key)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(body.to_string());
        match outgoing::ask(request).await? {
            (status, _) if status.is_success() => Ok(()),
            (status, _) => {
                if status == reqwest::StatusCode::UNAUTHORIZED {
                    self.key.read_again().await;
                }
                Err(AskError::Status(status.as_u16()))
            }
        }
    }
}
