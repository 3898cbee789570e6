//! The one way tests call the HTTP APIs: straight into the router, in-process.

use std::fmt::Write as _;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// One HTTP request, ready to be sent.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub method: String,
    /// Whole, with the prefix of its API; what a request line cannot hold is percent-encoded when it is sent.
    pub path: String,
    /// Sent as they are, UTF-8 included: it is for the API to refuse them.
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body; null unless it is JSON.
    pub body: Value,
    /// The body as it came.
    pub bytes: Bytes,
}

impl Call {
    /// Sends the request through `router`.
    ///
    /// # Errors
    /// When it is none: a method or a header that HTTP does not allow.
    pub async fn send(&self, router: &Router) -> Result<Answer, String> {
        let body = self.body.clone().map_or_else(Body::empty, Body::from);
        let request = Request::builder().method(self.method.as_str()).uri(percent_encoded(&self.path)).body(body);
        let mut request = request.map_err(|error| format!("requête impossible: {error}"))?;
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().map_err(|_| format!("en-tête impossible: {name:?}"))?;
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| format!("valeur d'en-tête impossible: {value:?}"))?;
            request.headers_mut().append(name, value);
        }
        let response = match router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| format!("corps de la réponse: {error}"))?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok(Answer { status: head.status, headers: head.headers, body, bytes })
    }
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

    /// The whole body as text.
    #[must_use]
    pub fn whole_text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header as text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Who calls: the value of `Authorization`, and the user named, if any.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The whole header value.
    pub authorization: Option<String>,
    /// `X-User-Email`.
    pub user: Option<String>,
}

impl Caller {
    /// The bearer of an API key or of an access token.
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

/// An HTTP API under its prefix.
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
        let who = [("authorization", &caller.authorization), ("x-user-email", &caller.user)];
        let who = who.into_iter().filter_map(|(name, value)| value.as_deref().map(|value| (name, value)));
        let media_type = body.map(|_| ("content-type", "application/json"));
        let headers = who.chain(headers.iter().copied()).chain(media_type);
        let call = Call {
            method: method.to_string(),
            path: format!("{}{path}", self.prefix),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.map(Value::to_string),
        };
        call.send(&self.router).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}

/// The path with everything an HTTP request line cannot hold percent-encoded; what is encoded already stays.
fn percent_encoded(path: &str) -> String {
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
