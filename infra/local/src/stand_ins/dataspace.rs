//! A stand-in for the Dataspace API: it answers what it is told to, for everybody or person by person.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::{Down, Serving};

/// The answer about one person.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// 200 and an empty list: not found.
    Unknown,
    /// 200 and a list of this one object.
    Person(Value),
    /// 200 and exactly this body.
    Raw(String),
    /// None, in one way or another.
    Down(Down),
}

/// Answers by e-mail.
type Others = Arc<dyn Fn(&str) -> Answer + Send + Sync>;

struct Inside {
    people: BTreeMap<String, Answer>,
    others: Others,
    delay: Duration,
    /// The key asked for; any, if none is named.
    key: Option<String>,
    requests: usize,
}

/// The stand-in.
pub struct Dataspace {
    inside: Arc<Mutex<Inside>>,
    serving: Serving,
}

impl Dataspace {
    /// Starts it. It knows nobody.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let inside = Arc::new(Mutex::new(Inside {
            people: BTreeMap::new(),
            others: Arc::new(|_| Answer::Unknown),
            delay: Duration::ZERO,
            key: None,
            requests: 0,
        }));
        let router = Router::new()
            .route("/rpc/get_mediateur", get(mediateur))
            // A 404 would say "not found" of a person.
            .fallback(|| async { StatusCode::BAD_REQUEST })
            .with_state(Arc::clone(&inside));
        Ok(Self { inside, serving: Serving::start(router).await? })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.serving.url
    }

    /// Answers this from now on when asked for `email`, in lower case.
    pub fn answer(&self, email: &str, answer: Answer) {
        lock(&self.inside).people.insert(email.to_owned(), answer);
    }

    /// Answers this from now on, whoever it is asked for.
    pub fn answer_everyone(&self, answer: Answer) {
        let mut inside = lock(&self.inside);
        inside.people.clear();
        inside.others = Arc::new(move |_| answer.clone());
    }

    /// Answers what `others` says of an e-mail for which no answer of its own is set.
    pub fn answer_others(&self, others: impl Fn(&str) -> Answer + Send + Sync + 'static) {
        lock(&self.inside).others = Arc::new(others);
    }

    /// Takes this long to answer from now on.
    pub fn answer_after(&self, delay: Duration) {
        lock(&self.inside).delay = delay;
    }

    /// Refuses any key but this one from now on.
    pub fn require_key(&self, key: &str) {
        lock(&self.inside).key = Some(key.to_owned());
    }

    /// How many requests it got since the last time it was asked.
    #[must_use]
    pub fn take_requests(&self) -> usize {
        std::mem::take(&mut lock(&self.inside).requests)
    }
}

async fn mediateur(
    State(inside): State<Arc<Mutex<Inside>>>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let email = query.get("email").map(String::as_str).unwrap_or_default();
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let (allowed, answer, delay) = {
        let mut inside = lock(&inside);
        let allowed = key.is_some_and(|key| inside.key.as_deref().is_none_or(|expected| expected == key));
        let answer = inside.people.get(email).cloned().unwrap_or_else(|| (inside.others)(email));
        // A connection that is closed at once carried no request.
        inside.requests += usize::from(answer != Answer::Down(Down::Closed));
        (allowed, answer, inside.delay)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if !allowed {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let body = match answer {
        Answer::Unknown => "[]".to_owned(),
        Answer::Person(person) => json!([person]).to_string(),
        Answer::Raw(body) => body,
        Answer::Down(down) => return down.answer().await,
    };
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
