//! Demonstration receivers: what a connected service needs to receive webhooks, and a page to watch them arrive.
//!
//! Each service has an inbox at `/inbox/{service}`. `POST` is the webhook's address: the signature is checked with
//! the service's own secret and a webhook that does not verify is refused. `GET` shows what arrived, as JSON or, to
//! a browser, as a page that refreshes itself.

mod page;
mod verification;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use domain::webhooks::signature::SigningSecret;
use passerelle::platform::clock::Clock;
use serde::Serialize;
use serde_json::Value;

/// Webhooks kept per inbox; the oldest go first.
const KEPT: usize = 200;

/// The inboxes of the demonstration services. Cheap to clone.
#[derive(Clone)]
pub struct Inboxes {
    clock: Clock,
    inboxes: Arc<Mutex<BTreeMap<String, Inbox>>>,
}

struct Inbox {
    secret: SigningSecret,
    received: VecDeque<Received>,
    refused: usize,
}

/// A webhook that arrived, its signature verified.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// `webhook-id`: the event's.
    pub id: String,
    /// When it arrived first.
    pub at: DateTime<Utc>,
    /// How often it arrived: delivery is "at least once".
    pub copies: usize,
    /// The body.
    pub body: Value,
}

/// What `GET /inbox/{service}` shows.
#[derive(Serialize)]
struct Contents<'a> {
    service: &'a str,
    /// Webhooks whose signature did not verify.
    refused: usize,
    /// Newest first.
    received: Vec<&'a Received>,
}

impl Inboxes {
    /// No inbox yet; `clock` dates what arrives and checks the age of signatures.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, inboxes: Arc::default() }
    }

    /// Opens the inbox of `service`, or gives it a new secret.
    pub fn open(&self, service: &str, secret: SigningSecret) {
        let mut inboxes = self.lock();
        match inboxes.get_mut(service) {
            Some(inbox) => inbox.secret = secret,
            None => {
                inboxes.insert(service.to_owned(), Inbox { secret, received: VecDeque::new(), refused: 0 });
            }
        }
    }

    /// Empties every inbox and answers what was in each, oldest first.
    #[must_use]
    pub fn take(&self) -> BTreeMap<String, Vec<Received>> {
        self.lock()
            .iter_mut()
            .map(|(service, inbox)| (service.clone(), std::mem::take(&mut inbox.received).into()))
            .collect()
    }

    /// Webhooks refused so far because their signature did not verify.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.lock().values().map(|inbox| inbox.refused).sum()
    }

    /// The routes `/inbox` and `/inbox/{service}`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/inbox", get(list))
            .route("/inbox/{service}", get(show).post(receive))
            .with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Inbox>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    fn keep(&mut self, id: String, at: DateTime<Utc>, body: Value) {
        if let Some(known) = self.received.iter_mut().find(|received| received.id == id) {
            known.copies += 1;
            return;
        }
        if self.received.len() == KEPT {
            self.received.pop_front();
        }
        self.received.push_back(Received { id, at, copies: 1, body });
    }

    fn contents<'a>(&'a self, service: &'a str) -> Contents<'a> {
        Contents { service, refused: self.refused, received: self.received.iter().rev().collect() }
    }
}

async fn receive(
    State(inboxes): State<Inboxes>,
    Path(service): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let now = inboxes.clock.now();
    let mut open = inboxes.lock();
    let Some(inbox) = open.get_mut(&service) else { return StatusCode::NOT_FOUND };
    let verified = verification::verify(&inbox.secret, &headers, &body, now);
    match (verified, serde_json::from_slice(&body)) {
        (Ok(id), Ok(body)) => {
            inbox.keep(id, now, body);
            StatusCode::NO_CONTENT
        }
        (Err(_), _) => {
            inbox.refused += 1;
            StatusCode::UNAUTHORIZED
        }
        (Ok(_), Err(_)) => StatusCode::BAD_REQUEST,
    }
}

async fn show(State(inboxes): State<Inboxes>, Path(service): Path<String>, headers: HeaderMap) -> Response {
    let open = inboxes.lock();
    let Some(inbox) = open.get(&service) else { return StatusCode::NOT_FOUND.into_response() };
    let contents = inbox.contents(&service);
    if wants_html(&headers) { Html(page::inbox(&contents)).into_response() } else { Json(contents).into_response() }
}

async fn list(State(inboxes): State<Inboxes>, headers: HeaderMap) -> Response {
    let open = inboxes.lock();
    let services: Vec<&str> = open.keys().map(String::as_str).collect();
    if wants_html(&headers) { Html(page::list(&services)).into_response() } else { Json(services).into_response() }
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use domain::webhooks::signature::sign;
    use tower::ServiceExt as _;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_793_610_000, 0).unwrap()
    }

    fn inboxes() -> (Inboxes, SigningSecret) {
        let secret = SigningSecret::from_random([7; 32]);
        let inboxes = Inboxes::new(Clock::from_fn(now));
        inboxes.open("tet", secret.clone());
        (inboxes, secret)
    }

    async fn post(inboxes: &Inboxes, service: &str, secret: &SigningSecret, body: &str) -> StatusCode {
        let at = now().timestamp();
        let request = Request::post(format!("/inbox/{service}"))
            .header("webhook-id", "evt_1")
            .header("webhook-timestamp", at)
            .header("webhook-signature", sign([secret], "evt_1", at, body.as_bytes()))
            .body(Body::from(body.to_owned()))
            .unwrap();
        inboxes.router().oneshot(request).await.unwrap().status()
    }

    async fn get_text(inboxes: &Inboxes, path: &str, accept: &str) -> String {
        let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
        let response = inboxes.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        String::from_utf8(to_bytes(response.into_body(), 100_000).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn only_verified_webhooks_are_kept_and_copies_are_counted() {
        let (inboxes, secret) = inboxes();
        let body = r#"{"type":"project.created"}"#;
        assert_eq!(post(&inboxes, "tet", &secret, body).await, StatusCode::NO_CONTENT);
        assert_eq!(post(&inboxes, "tet", &secret, body).await, StatusCode::NO_CONTENT);
        let stranger = SigningSecret::from_random([8; 32]);
        assert_eq!(post(&inboxes, "tet", &stranger, body).await, StatusCode::UNAUTHORIZED);
        assert_eq!(post(&inboxes, "mec", &secret, body).await, StatusCode::NOT_FOUND);
        assert_eq!(post(&inboxes, "tet", &secret, "pas du JSON").await, StatusCode::BAD_REQUEST);
        assert_eq!(inboxes.refused(), 1);
        let taken = inboxes.take();
        let [received] = taken["tet"].as_slice() else { panic!("{taken:?}") };
        assert_eq!((received.id.as_str(), received.copies), ("evt_1", 2));
        assert!(inboxes.take()["tet"].is_empty());
    }

    #[tokio::test]
    async fn an_inbox_shows_json_to_programs_and_an_escaped_page_to_browsers() {
        let (inboxes, secret) = inboxes();
        let body = r#"{"type":"project.created","data":{"version":1,"project":{"nom":"<b>École</b>"}}}"#;
        post(&inboxes, "tet", &secret, body).await;
        let json: Value = serde_json::from_str(&get_text(&inboxes, "/inbox/tet", "*/*").await).unwrap();
        assert_eq!(json["received"][0]["body"]["type"], "project.created");
        let page = get_text(&inboxes, "/inbox/tet", "text/html,*/*").await;
        assert!(page.contains("&lt;b&gt;École&lt;/b&gt;") && !page.contains("<b>École"), "{page}");
        assert!(get_text(&inboxes, "/inbox", "text/html").await.contains("href=\"/inbox/tet\""));
        assert_eq!(get_text(&inboxes, "/inbox", "*/*").await, r#"["tet"]"#);
    }
}
