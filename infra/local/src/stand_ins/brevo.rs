//! A stand-in for Brevo: it takes whatever is posted, writes it down, and fails on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
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

#[derive(Default)]
struct Inside {
    calls: Vec<Call>,
    failures: VecDeque<u16>,
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
        lock(&self.inside).failures = statuses.into_iter().collect();
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
    inside.calls.push(Call { method: method.to_string(), path: uri.path().to_owned(), body });
    match inside.failures.pop_front().and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => (status, r#"{"code":"failed"}"#),
        None => (StatusCode::CREATED, r#"{"messageId":"<local@brevo>"}"#),
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
