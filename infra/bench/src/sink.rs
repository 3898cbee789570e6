//! The receivers: one process, one address per service, every signature verified with the `standardwebhooks` crate,
//! which nobody here wrote.
//!
//! It greets with its address on one line, is told secrets and manners with `PUT /receivers/{service}`, and shows
//! what it got at `GET /count` and `GET /book`.

use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post, put};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use tokio::net::TcpListener;

use crate::book::{self, Received, SinkBook};
use crate::failure::Failure;
use crate::process::abandoned;

/// How long a receiver that hangs keeps the sender waiting.
const HANG: Duration = Duration::from_secs(10);

/// How a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Manner {
    /// 204 at once.
    Well,
    /// 204 after ten seconds.
    Hangs,
    /// 500 at once.
    Fails,
}

/// What a receiver is told.
#[derive(Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The signing secret, `whsec_...`.
    pub(crate) secret: String,
    /// How to answer.
    pub(crate) manner: Manner,
}

/// What was received so far.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Count {
    /// Verified webhooks, duplicates included.
    pub(crate) received: usize,
    /// Pairs of receiver and `webhook-id`.
    pub(crate) distinct: usize,
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    receivers: BTreeMap<String, Receiver>,
    book: SinkBook,
    seen: HashSet<(String, String)>,
}

struct Receiver {
    webhook: Webhook,
    manner: Manner,
}

/// What is read of a body: enough to find the change it tells of.
#[derive(Deserialize)]
struct Body {
    data: Told,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    project_id: String,
    version: u64,
}

/// Receives until the program that started it is gone.
pub(crate) async fn run() -> Result<(), Failure> {
    let unavailable = |error| Failure::io("ouverture d'un port local", error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(unavailable)?;
    let address = listener.local_addr().map_err(unavailable)?;
    // Answers are small: without this the next webhook of a connection could wait for Nagle's algorithm. A socket
    // that refuses is slower, no worse.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    crate::print(&format!("http://{address}\n"))?;
    tokio::select! {
        served = axum::serve(listener, Sink::default().router()) => served.map_err(|error| Failure::io("écoute", error)),
        () = abandoned(tokio::io::stdin()) => Ok(()),
    }
}

impl Sink {
    fn router(self) -> Router {
        Router::new()
            .route("/hooks/{service}", post(receive))
            .route("/receivers/{service}", put(settle))
            .route("/count", get(count))
            .route("/book", get(book))
            .with_state(self)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn receive(&mut self, service: &str, headers: &HeaderMap, body: &[u8], at: book::Instant) -> Option<Manner> {
        let receiver = self.receivers.get(service)?;
        receiver.webhook.verify(body, headers).ok()?;
        let id = headers.get(HEADER_WEBHOOK_ID)?.to_str().ok()?.to_owned();
        let Body { data } = serde_json::from_slice(body).ok()?;
        self.seen.insert((service.to_owned(), id.clone()));
        let manner = receiver.manner;
        let receiver = service.to_owned();
        self.book.received.push(Received { receiver, id, project: data.project_id, version: data.version, at });
        Some(manner)
    }
}

async fn receive(State(sink): State<Sink>, Path(service): Path<String>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = book::now();
    let manner = {
        let mut inside = sink.lock();
        let manner = inside.receive(&service, &headers, &body, at);
        inside.book.invalid += u64::from(manner.is_none());
        manner
    };
    match manner {
        Some(Manner::Well) => StatusCode::NO_CONTENT,
        Some(Manner::Hangs) => {
            tokio::time::sleep(HANG).await;
            StatusCode::NO_CONTENT
        }
        Some(Manner::Fails) => StatusCode::INTERNAL_SERVER_ERROR,
        None => StatusCode::UNAUTHORIZED,
    }
}

async fn settle(State(sink): State<Sink>, Path(service): Path<String>, body: Bytes) -> StatusCode {
    let Ok(Settings { secret, manner }) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    let Ok(webhook) = Webhook::new(&secret) else { return StatusCode::BAD_REQUEST };
    sink.lock().receivers.insert(service, Receiver { webhook, manner });
    StatusCode::NO_CONTENT
}

async fn count(State(sink): State<Sink>) -> Json<Count> {
    let inside = sink.lock();
    Json(Count { received: inside.book.received.len(), distinct: inside.seen.len() })
}

async fn book(State(sink): State<Sink>) -> Vec<u8> {
    // Numbers and strings only: writing them to memory cannot fail.
    serde_json::to_vec(&sink.lock().book).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn inside(manner: Manner) -> Inside {
        let receiver = Receiver { webhook: Webhook::new(SECRET).unwrap(), manner };
        Inside { receivers: [("tet".to_owned(), receiver)].into(), ..Inside::default() }
    }

    fn headers(body: &[u8]) -> HeaderMap {
        let at = i64::try_from(book::now() / 1_000_000_000).unwrap();
        let signature = Webhook::new(SECRET).unwrap().sign("evt_1", at, body).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn only_verified_webhooks_are_written_down_and_duplicates_are_kept() {
        let body = br#"{"type":"project.created","data":{"projectId":"p","version":3,"project":{}}}"#;
        let headers = headers(body);
        let mut inside = inside(Manner::Fails);
        assert_eq!(inside.receive("tet", &headers, body, 7), Some(Manner::Fails));
        assert_eq!(inside.receive("tet", &headers, body, 8), Some(Manner::Fails));
        assert_eq!(inside.receive("mec", &headers, body, 9), None);
        assert_eq!(inside.receive("tet", &headers, b"{}", 9), None);
        assert_eq!((inside.book.received.len(), inside.seen.len()), (2, 1));
        let first = &inside.book.received[0];
        assert_eq!((first.project.as_str(), first.version, first.at), ("p", 3, 7));
    }
}
