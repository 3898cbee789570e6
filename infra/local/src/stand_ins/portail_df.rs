//! A stand-in for Portail DF: the API the spec describes, with people of its own.

pub mod next_link;
pub mod people;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use self::next_link::NextLink;
use super::{Down, Serving, refused};

/// Users of one page.
const PAGE: usize = 25;
/// The scheme of the tokens of `/api/api-token-auth/`.
const V1: &str = "Token";
/// The scheme of those of `/api/token/`.
const V2: &str = "Bearer";

/// What Portail DF knows, in its own wire objects, and what goes wrong when it is asked.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Users by e-mail, as `GET /api/utilisateurs` answers them.
    pub users: BTreeMap<String, Vec<Value>>,
    /// Structures by id.
    pub structures: BTreeMap<i64, Answer>,
    /// Groups by id.
    pub groups: BTreeMap<i64, Answer>,
    /// Perimeters by id.
    pub perimeters: BTreeMap<i64, Answer>,
    /// Users of one page, 25 unless it says otherwise.
    pub page_size: Option<usize>,
    /// How it writes the link to the next page.
    pub next_link: NextLink,
    /// Whether it is there at all.
    pub down: Option<Down>,
}

/// The answer to one id.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The object.
    Found(Value),
    /// This status.
    Fails(u16),
}

#[derive(Default)]
struct Inside {
    directory: Directory,
    requests: usize,
    url: String,
    /// How often every token was revoked: a token is good until then.
    revoked: usize,
}

impl Inside {
    /// The token that goes with this scheme, and no other.
    fn token(&self, scheme: &str) -> String {
        format!("{}-{}", scheme.to_lowercase(), self.revoked)
    }
}

/// The stand-in.
pub struct PortailDf {
    inside: Arc<Mutex<Inside>>,
    serving: Serving,
}

type Shared = Arc<Mutex<Inside>>;

impl PortailDf {
    /// Starts it, knowing what `directory` says.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start(directory: Directory) -> std::io::Result<Self> {
        let inside = Arc::new(Mutex::new(Inside { directory, ..Inside::default() }));
        let router = Router::new()
            .route("/api/api-token-auth/", post(token))
            .route("/api/utilisateurs", get(users))
            .route("/api/structures/{id}", get(structure))
            .route("/api/token/", post(token_v2))
            .route("/api/groupes/{id}/", get(group))
            .route("/api/perimetres/{id}/", get(perimeter))
            .fallback(other_form)
            .with_state(Arc::clone(&inside));
        let serving = Serving::start(router).await?;
        lock(&inside).url.clone_from(&serving.url);
        Ok(Self { inside, serving })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.serving.url
    }

    /// Replaces all it knows.
    pub fn replace(&self, directory: Directory) {
        lock(&self.inside).directory = directory;
    }

    /// Makes every token given out so far worthless.
    pub fn revoke_tokens(&self) {
        lock(&self.inside).revoked += 1;
    }

    /// How many requests it got since the last time it was asked.
    #[must_use]
    pub fn take_requests(&self) -> usize {
        std::mem::take(&mut lock(&self.inside).requests)
    }
}

/// Counts a request; the answer of a Portail DF that is down, if it is.
async fn arrived(inside: &Shared) -> Option<Response> {
    let down = {
        let mut inside = lock(inside);
        // A connection that is closed at once carried no request.
        inside.requests += usize::from(inside.directory.down != Some(Down::Closed));
        inside.directory.down
    };
    Some(down?.answer().await)
}

async fn token(State(inside): State<Shared>, body: String) -> Response {
    give_token(&inside, &body, |token| json!({"token": token(V1)})).await
}

async fn token_v2(State(inside): State<Shared>, body: String) -> Response {
    give_token(&inside, &body, |token| json!({"access": token(V2), "refresh": "none"})).await
}

async fn give_token(inside: &Shared, body: &str, write: impl FnOnce(&dyn Fn(&str) -> String) -> Value) -> Response {
    if let Some(answer) = arrived(inside).await {
        return answer;
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if body["username"].is_string() && body["password"].is_string() {
        let inside = lock(inside);
        Json(write(&|scheme| inside.token(scheme))).into_response()
    } else {
        refused(400)
    }
}

/// The path with, or without, the slash at its end is elsewhere, as Django says.
async fn other_form(State(inside): State<Shared>, uri: Uri) -> Response {
    if let Some(answer) = arrived(&inside).await {
        return answer;
    }
    let path = uri.path();
    let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{other}{query}"))]).into_response()
}

async fn users(
    State(inside): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    if let Some(answer) = arrived(&inside).await {
        return answer;
    }
    let inside = lock(&inside);
    if !authorized(&inside, &headers) {
        return refused(401);
    }
    let email = query.get("email").map(String::as_str).unwrap_or_default();
    let page: usize = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let all = inside.directory.users.get(&email.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
    let size = inside.directory.page_size.unwrap_or(PAGE).max(1);
    let results: Vec<&Value> = all.iter().skip(page.saturating_sub(1) * size).take(size).collect();
    let link = |page: usize| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("page", &page.to_string())
            .finish();
        format!("/api/utilisateurs?{query}")
    };
    let next = (all.len() > page * size).then(|| inside.directory.next_link.write(&inside.url, &link(page + 1)));
    let previous = (page > 1).then(|| format!("{}{}", inside.url, link(page - 1)));
    Json(json!({"count": all.len(), "next": next, "previous": previous, "results": results})).into_response()
}

async fn structure(State(inside): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    one(&inside, &headers, |directory| directory.structures.get(&id).cloned()).await
}

async fn group(State(inside): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    one(&inside, &headers, |directory| directory.groups.get(&id).cloned()).await
}

async fn perimeter(State(inside): State<Shared>, headers: HeaderMap, Path(id): Path<i64>) -> Response {
    one(&inside, &headers, |directory| directory.perimeters.get(&id).cloned()).await
}

async fn one(inside: &Shared, headers: &HeaderMap, find: impl FnOnce(&Directory) -> Option<Answer>) -> Response {
    if let Some(answer) = arrived(inside).await {
        return answer;
    }
    let inside = lock(inside);
    if !authorized(&inside, headers) {
        return refused(401);
    }
    match find(&inside.directory) {
        Some(Answer::Found(object)) => Json(object).into_response(),
        Some(Answer::Fails(status)) => refused(status),
        None => refused(404),
    }
}

fn authorized(inside: &Inside, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    [V1, V2].iter().any(|scheme| given == format!("{scheme} {}", inside.token(scheme)))
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
