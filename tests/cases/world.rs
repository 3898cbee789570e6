//! The world of one case: a fresh stack, a clock that stands still, receivers, keys, saved names.

use std::collections::HashMap;

use acceptance::moving_clock::MovingClock;
use acceptance::names::Names;
use acceptance::receivers::Receivers;
use axum::Router;
use axum::body::Body;
use chrono::{DateTime, Utc};
use domain::api_key::Scope;
use engines::Storage;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::coop::Coop;
use crate::droits::Droits;
use crate::given::Given;
use crate::subscriptions::Subscriptions;

const DEFAULT_SERVICES: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// Who holds the key of scope `manage`: a name of its own, since every service of the case already
/// holds the two active keys it may have.
const MANAGER: &str = "exploitation";

/// Everything one case acts on.
pub struct World {
    pub stack: Stack,
    pub clock: MovingClock,
    pub receivers: Receivers,
    pub names: Names,
    pub subscriptions: Subscriptions,
    pub droits: Droits,
    pub coop: Coop,
    api: Router,
    keys: HashMap<(String, Scope), String>,
}

/// One HTTP request, ready to be sent.
#[derive(Debug, Default)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// What the HTTP API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null unless the body is JSON.
    pub json: Value,
    pub text: String,
}

impl World {
    /// Starts an empty stack whose clock stands at `now`, with the settings that `given` asks for.
    pub async fn start(now: DateTime<Utc>, given: &Value) -> Result<Self, String> {
        let clock = MovingClock::at(now);
        let receivers = Receivers::open(clock.clock()).await.map_err(|error| format!("récepteurs: {error}"))?;
        let droits = Droits::start().await.map_err(|error| format!("voisins: {error}"))?;
        let coop = Coop::start().await.map_err(|error| format!("voisins: {error}"))?;
        let options = coop.settings(droits.settings(StackOptions::new(Storage::Memory, clock.clock()), given));
        let stack = Stack::start(options).await.map_err(|error| format!("démarrage: {error}"))?;
        Ok(Self {
            api: stack.api(),
            stack,
            clock,
            receivers,
            names: Names::default(),
            subscriptions: Subscriptions::default(),
            droits,
            coop,
            keys: HashMap::new(),
        })
    }

    /// Brings about the surroundings before the first step.
    pub async fn begin(&mut self, given: Value) -> Result<(), String> {
        let mut given = Given::parse(given)?;
        given.services.get_or_insert_with(|| DEFAULT_SERVICES.map(str::to_owned).into());
        self.apply(given).await
    }

    /// Changes the surroundings between two steps.
    pub async fn change(&mut self, given: &Value) -> Result<(), String> {
        let given = Given::parse(self.names.resolve(given))?;
        self.apply(given).await
    }

    async fn apply(&mut self, given: Given) -> Result<(), String> {
        for service in given.services.iter().flatten() {
            for scope in [Scope::Projects, Scope::Sync] {
                self.issue_key(service, scope).await?;
            }
        }
        for webhook in given.webhooks {
            Subscriptions::apply(self, webhook).await?;
        }
        Droits::apply(self, given.droits).await?;
        Coop::apply(self, given.coop).await
    }

    async fn issue_key(&mut self, service: &str, scope: Scope) -> Result<(), String> {
        let slot = (service.to_owned(), scope);
        if self.keys.contains_key(&slot) {
            return Ok(());
        }
        let key = self.stack.issue_key(service, scope).await.map_err(|error| format!("clé de {service}: {error}"))?;
        self.keys.insert(slot, key);
        Ok(())
    }

    /// The `Authorization` value of a caller as cases name them; none for `anonymous`.
    pub async fn authorization(&mut self, caller: &str) -> Result<Option<String>, String> {
        let (service, scope) = match caller.split_once(':') {
            None if caller == "anonymous" => return Ok(None),
            None if caller == "manage" => {
                self.issue_key(MANAGER, Scope::Manage).await?;
                (MANAGER, Scope::Manage)
            }
            None => (caller, Scope::Projects),
            Some((service, "sync")) => (service, Scope::Sync),
            Some(("user", saved)) => {
                let token = self.names.get(saved).and_then(Value::as_str);
                let token = token.ok_or_else(|| format!("aucun jeton retenu sous {saved:?}"))?;
                return Ok(Some(format!("Bearer {token}")));
            }
            Some(_) => return Err(format!("construction inconnue: as {caller:?}")),
        };
        let key = self
            .keys
            .get(&(service.to_owned(), scope))
            .ok_or_else(|| format!("construction inconnue: as {caller:?}: service non déclaré"))?;
        Ok(Some(format!("Bearer {key}")))
    }

    /// Sends one request through the real router.
    pub async fn call(&mut self, call: Call) -> Result<Answer, String> {
        let body = call.body.map_or_else(Body::empty, Body::from);
        let mut request = Request::builder()
            .method(call.method.as_str())
            .uri(percent_encoded(&call.path))
            .body(body)
            .map_err(|error| format!("requête impossible: {error}"))?;
        for (name, value) in &call.headers {
            let name: HeaderName = name.parse().map_err(|_| format!("en-tête impossible: {name:?}"))?;
            // Sent as they are, UTF-8 included: it is for the API to refuse them.
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| format!("valeur d'en-tête impossible: {value:?}"))?;
            request.headers_mut().insert(name, value);
        }
        let response = self.api.clone().oneshot(request).await.map_err(|error| format!("routeur: {error}"))?;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| format!("corps de la réponse: {error}"))?.to_bytes();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        };
        Subscriptions::learn(self, &call.path, &answer)?;
        Ok(answer)
    }
}

/// The path with everything an HTTP request line cannot hold percent-encoded; what is encoded already
/// stays.
fn percent_encoded(path: &str) -> String {
    use std::fmt::Write as _;

    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
