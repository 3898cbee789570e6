//! A stand-in for Brevo: it takes whatever is posted, writes it down, and fails on demand. Of contacts it remembers who is
//! on which list: as the real one, it answers 400 to the removal of somebody who is not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::Serving;

/// One request that Brevo got.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `POST`.
    pub method: String,
    /// Path, without the host.
    pub path: String,
    /// Body; null when it is no JSON.
    pub body: Value,
}

/// What Brevo takes exception to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Manners {
    /// Answers the next requests with these statuses.
    pub fails: Option<VecDeque<u16>>,
    /// Telephones it holds for invalid: 400.
    pub refuses_telephones: Option<Vec<String>>,
    /// Whether a telephone that another contact has is refused: 400.
    pub unique_telephones: Option<bool>,
    /// The lists there are; without it, whichever is named. A removal from one that is none is 404.
    pub lists: Option<Vec<u64>>,
}

#[derive(Default)]
struct Inside {
    calls: Vec<Call>,
    manners: Manners,
    /// The contacts on each list.
    on_lists: BTreeSet<(u64, String)>,
    telephones: BTreeMap<String, String>,
    logs_mails: bool,
}

/// The stand-in.
pub struct Brevo {
    inside: Arc<Mutex<Inside>>,
    serving: Serving,
}

impl Brevo {
    /// Starts it.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_with(Inside::default()).await
    }

    /// Starts it, the text of each mail going to the log: that is where a developer reads a code.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start_and_log_mails() -> std::io::Result<Self> {
        Self::start_with(Inside { logs_mails: true, ..Inside::default() }).await
    }

    async fn start_with(inside: Inside) -> std::io::Result<Self> {
        let inside = Arc::new(Mutex::new(inside));
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inside));
        Ok(Self { inside, serving: Serving::start(router).await? })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.serving.url
    }

    /// What it got since the last time it was asked.
    #[must_use]
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.inside).calls)
    }

    /// Answers the next requests with these statuses, then well again.
    pub fn fail_with(&self, statuses: impl IntoIterator<Item = u16>) {
        lock(&self.inside).manners.fails = Some(statuses.into_iter().collect());
    }

    /// Changes what it takes exception to, as far as `manners` says something.
    pub fn behave(&self, manners: Manners) {
        let mut inside = lock(&self.inside);
        let now = &mut inside.manners;
        now.fails = manners.fails.or(now.fails.take());
        now.refuses_telephones = manners.refuses_telephones.or(now.refuses_telephones.take());
        now.unique_telephones = manners.unique_telephones.or(now.unique_telephones);
        now.lists = manners.lists.or(now.lists.take());
    }
}

async fn receive(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let mut inside = lock(&inside);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(text) = body["textContent"].as_str().filter(|_| inside.logs_mails) {
        tracing::warn!(target: "brevo", text, "un mail serait envoyé");
    }
    inside.calls.push(Call { method: method.to_string(), path: uri.path().to_owned(), body: body.clone() });
    let failure = inside.manners.fails.as_mut().and_then(VecDeque::pop_front);
    match failure.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => (status, r#"{"code":"failed"}"#),
        None if uri.path() == "/v3/contacts" => inside.upsert(&body),
        None => match removed_from(uri.path()) {
            Some(list) => inside.remove(list, &body),
            None => (StatusCode::CREATED, r#"{"messageId":"<local@brevo>"}"#),
        },
    }
}

/// The list a removal is about.
fn removed_from(path: &str) -> Option<u64> {
    path.strip_prefix("/v3/contacts/lists/")?.strip_suffix("/contacts/remove")?.parse().ok()
}

impl Inside {
    fn upsert(&mut self, body: &Value) -> (StatusCode, &'static str) {
        let email = body["email"].as_str().unwrap_or_default().to_owned();
        let telephone = body["attributes"]["SMS"].as_str().filter(|number| !number.is_empty());
        if let Some(number) = telephone {
            if self.manners.refuses_telephones.iter().flatten().any(|refused| refused == number) {
                return (StatusCode::BAD_REQUEST, r#"{"code":"invalid_parameter","message":"Invalid phone number"}"#);
            }
            let is_others = self.telephones.iter().any(|(other, theirs)| *other != email && theirs == number);
            if is_others && self.manners.unique_telephones == Some(true) {
                let answer =
                    r#"{"code":"duplicate_parameter","message":"SMS is already associated with another Contact"}"#;
                return (StatusCode::BAD_REQUEST, answer);
            }
            self.telephones.insert(email.clone(), number.to_owned());
        }
        for list in body["listIds"].as_array().into_iter().flatten().filter_map(Value::as_u64) {
            self.on_lists.insert((list, email.clone()));
        }
        (StatusCode::CREATED, r#"{"id":1}"#)
    }

    fn remove(&mut self, list: u64, body: &Value) -> (StatusCode, &'static str) {
        if self.manners.lists.as_ref().is_some_and(|lists| !lists.contains(&list)) {
            return (StatusCode::NOT_FOUND, r#"{"code":"document_not_found","message":"List ID does not exist"}"#);
        }
        let emails = body["emails"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut removed = false;
        for email in emails {
            removed |= self.on_lists.remove(&(list, email.to_owned()));
        }
        if removed {
            return (StatusCode::CREATED, r#"{"contacts":{"success":[],"failure":[]}}"#);
        }
        let answer =
            r#"{"code":"invalid_parameter","message":"Contact already removed from list and/or does not exist"}"#;
        (StatusCode::BAD_REQUEST, answer)
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
