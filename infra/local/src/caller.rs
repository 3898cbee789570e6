//! The API, called in-process: what demonstrations and commands do, they do as any caller would.

use std::fmt;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt as _;

/// Largest answer read, in bytes.
const ANSWER_LIMIT: usize = 8 << 20;

/// Somebody who calls the API, with a key or without.
#[derive(Clone)]
pub struct Caller {
    api: Router,
    key: Option<String>,
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
        Self { api, key }
    }

    /// One call; the JSON answered, null when it is none.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, CallError> {
        let (status, bytes) = self.answered(&method, path, body).await?;
        if status.is_success() {
            return Ok(serde_json::from_slice(&bytes).unwrap_or_default());
        }
        Err(failed(&method, path, &format!("{status} {}", String::from_utf8_lossy(&bytes))))
    }

    async fn answered(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>), CallError> {
        let failed = |error: &dyn fmt::Display| failed(method, path, error);
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let request = request.body(body).map_err(|error| failed(&error))?;
        let response = match self.api.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_LIMIT).await.map_err(|error| failed(&error))?;
        Ok((status, bytes.to_vec()))
    }
}

fn failed(method: &Method, path: &str, answer: &dyn fmt::Display) -> CallError {
    CallError { method: method.clone(), path: path.to_owned(), answer: answer.to_string() }
}
