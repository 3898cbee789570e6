//! The API, called in-process: what demonstrations and commands do, they do as any caller would.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

/// Largest answer read, in bytes.
const ANSWER_LIMIT: usize = 8 << 20;

/// Somebody who calls the API, with a key or without, for a user or not.
#[derive(Clone)]
pub struct Caller {
    api: Router,
    key: Option<String>,
    user: Option<String>,
}

/// What the API answered.
#[derive(Debug, Clone)]
pub struct ApiAnswer {
    /// Status.
    pub status: StatusCode,
    /// Body, as bytes.
    pub body: Vec<u8>,
}

impl ApiAnswer {
    /// The body as JSON, null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// An answer other than 2xx, or none.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} a répondu {answer}")]
pub struct CallError {
    method: Method,
    path: String,
    answer: String,
}

impl Caller {
    /// A caller of `api` who presents `key`.
    #[must_use]
    pub fn new(api: Router, key: Option<String>) -> Self {
        Self { api, key, user: None }
    }

    /// The same, naming a user by their e-mail.
    #[must_use]
    pub fn on_behalf_of(self, email: &str) -> Self {
        Self { user: Some(email.to_owned()), ..self }
    }

    /// One call; the JSON answered, null when it is none.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let answer = self.send(method.clone(), path, body).await?;
        if answer.status.is_success() {
            return Ok(answer.json());
        }
        let answer = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Err(CallError { method, path: path.to_owned(), answer })
    }

    /// One call, whatever is answered.
    ///
    /// # Errors
    /// When the request cannot be made, or its answer not read.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<ApiAnswer, CallError> {
        let failed = |answer: String| CallError { method: method.clone(), path: path.to_owned(), answer };
        let mut request = Request::builder().method(method.clone()).uri(path);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if let Some(user) = &self.user {
            request = request.header("x-user-email", user);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| failed(error.to_string()))?;
        let response = match self.api.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_LIMIT).await.map_err(|error| failed(error.to_string()))?;
        Ok(ApiAnswer { status, body: body.to_vec() })
    }
}
