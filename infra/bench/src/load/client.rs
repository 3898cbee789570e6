//! One client: one request at a time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::Order;
use super::workload::{self, USER};
use crate::book::{self, Accepted, Kind, LoadBook};
use crate::failure::Failure;

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause after a request that got no answer: a server that is gone must not be called in a tight loop.
const AFTER_SILENCE: Duration = Duration::from_millis(20);

/// A client and its book.
pub(super) struct Client {
    http: reqwest::Client,
    order: Arc<Order>,
    name: String,
    /// Projects created, or attempted, so far.
    projects: u64,
    current: Option<Current>,
    book: LoadBook,
}

/// The project the client is busy with.
struct Current {
    id: String,
    patches: u64,
}

#[derive(Deserialize)]
struct Answer {
    id: String,
    version: u64,
}

impl Client {
    /// A client whose projects have external ids that begin with `name`.
    pub(super) fn new(http: reqwest::Client, order: Arc<Order>, name: String) -> Self {
        Self { http, order, name, projects: 0, current: None, book: LoadBook::default() }
    }

    /// Sends the next change and writes its outcome down, as intended for `intended`.
    pub(super) async fn change(&mut self, intended: book::Instant) {
        let api = format!("{}/communs/v1/projects", self.order.api);
        let (kind, request, body) = match &self.current {
            Some(current) => {
                (Kind::Patch, self.http.patch(format!("{api}/{}", current.id)), workload::patch(current.patches))
            }
            None => {
                self.projects += 1;
                (Kind::Create, self.http.post(api), workload::creation(&format!("{}-{}", self.name, self.projects)))
            }
        };
        match answered(request, &body).await {
            Ok(answer) => {
                let answered = book::now();
                let patches = self.current.as_ref().map_or(0, |current| current.patches + 1);
                self.current =
                    (patches < self.order.workload.patches()).then(|| Current { id: answer.id.clone(), patches });
                let Answer { id: project, version } = answer;
                self.book.accepted.push(Accepted { kind, project, version, intended, answered });
            }
            Err(reason) => {
                // Whether the change was made is not known: the project is left alone.
                self.current = None;
                *self.book.refused.entry(reason).or_default() += 1;
            }
        }
    }

    /// Its book.
    pub(super) fn finish(self) -> LoadBook {
        self.book
    }
}

/// The HTTP client all clients share: its pool gives each a connection of its own.
pub(super) fn http(key: &str) -> Result<reqwest::Client, Failure> {
    let mut headers = HeaderMap::new();
    let bearer = HeaderValue::from_str(&format!("Bearer {key}"))
        .map_err(|_| Failure::Arguments("clé d'API illisible".to_owned()))?;
    headers.insert(AUTHORIZATION, bearer);
    headers.insert("x-user-email", HeaderValue::from_static(USER));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .default_headers(headers)
        .build()
        .map_err(|source| Failure::Http { request: "préparation du client HTTP".to_owned(), source })
}

async fn answered(request: reqwest::RequestBuilder, body: &Value) -> Result<Answer, String> {
    let answer = match request.body(body.to_string()).send().await {
        Ok(answer) => answer,
        Err(error) => {
            tokio::time::sleep(AFTER_SILENCE).await;
            return Err(if error.is_timeout() { "délai dépassé" } else { "pas de réponse" }.to_owned());
        }
    };
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|_| "réponse coupée".to_owned())?;
    if !status.is_success() {
        return Err(status.as_u16().to_string());
    }
    serde_json::from_slice(&bytes).map_err(|_| "réponse illisible".to_owned())
}
