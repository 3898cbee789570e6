//! Calls of the HTTP API, straight into its router.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Who calls: the value of `Authorization`, and the user named, if any.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The whole header value.
    pub authorization: Option<String>,
    /// `X-User-Email`.
    pub user: Option<String>,
}

impl Caller {
    /// The bearer of an API key.
    #[must_use]
    pub fn key(key: &str) -> Self {
        Self { authorization: Some(format!("Bearer {key}")), user: None }
    }

    /// The same, for a user.
    #[must_use]
    pub fn on_behalf_of(&self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self.clone() }
    }
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; null unless it is JSON.
    pub body: Value,
}

impl Answer {
    /// The code of the problem answered, if it is one.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        self.body["type"].as_str()?.strip_prefix("/problems/")
    }

    /// A text member of the body.
    ///
    /// # Panics
    /// When there is none: the test cannot go on.
    #[must_use]
    pub fn text(&self, member: &str) -> &str {
        let text = self.body[member].as_str();
        text.unwrap_or_else(|| panic!("{} without {member}: {}", self.status, self.body))
    }
}

/// The HTTP API under its prefix.
#[derive(Debug, Clone)]
pub struct Api {
    prefix: &'static str,
    router: Router,
}

impl Api {
    /// The API of the communs served by `router`.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self::under("/communs/v1", router)
    }

    /// The API under `prefix` served by `router`.
    #[must_use]
    pub fn under(prefix: &'static str, router: Router) -> Self {
        Self { prefix, router }
    }

    /// Sends one request; `path` is taken after the prefix, and a body is sent as JSON.
    ///
    /// # Panics
    /// When the request cannot be built.
    pub async fn send(&self, method: &Method, path: &str, caller: &Caller, body: Option<&Value>) -> Answer {
        self.send_with(method, path, caller, body, &[]).await
    }

    /// The same with further headers.
    ///
    /// # Panics
    /// When the request cannot be built.
    pub async fn send_with(
        &self,
        method: &Method,
        path: &str,
        caller: &Caller,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.prefix));
        let sent = [("authorization", &caller.authorization), ("x-user-email", &caller.user)];
        for (name, value) in sent {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        // A router has no other error than never.
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answer { status: head.status, headers: head.headers, body }
    }
}
