//! The AWS JSON protocol: how a request is read and how an answer or an error is written.
//!
//! The SDKs recognise an error by its `__type`, and SQS also by the header `x-amzn-query-error`, which
//! carries the code of its older protocol. Both are written here and nowhere else.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// What an engine answers to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// JSON document.
    pub body: Bytes,
    /// The work was done, but the transport must break the connection instead of answering
    /// (see [`Fault::LostAnswer`](super::Fault::LostAnswer)).
    pub lost: bool,
}

impl WireAnswer {
    /// An answer of `status` with `body`, in AWS JSON 1.0 or 1.1 (the SDKs read both alike).
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![
                ("content-type", "application/x-amz-json-1.0".to_owned()),
                ("x-amzn-requestid", uuid::Uuid::new_v4().to_string()),
            ],
            body: body.into(),
            lost: false,
        }
    }

    /// The answer of an operation that succeeded with `output`.
    pub(super) fn of<T: Serialize>(output: &T) -> Self {
        match serde_json::to_vec(output) {
            Ok(body) => Self::json(200, body),
            Err(error) => WireError::internal(error.to_string()).into(),
        }
    }

    /// The answer of an operation, failed or not.
    pub(super) fn from_result<T: Serialize>(result: Result<T, WireError>) -> Self {
        match result {
            Ok(output) => Self::of(&output),
            Err(error) => error.into(),
        }
    }
}

/// An error of a service, as its SDK recognises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireError {
    pub(super) status: u16,
    /// Shape name, with or without its namespace.
    pub(super) kind: &'static str,
    /// Code in the older query protocol, where it differs in kind (SQS).
    pub(super) query_code: Option<&'static str>,
    pub(super) message: String,
}

impl WireError {
    /// A refusal that blames the caller.
    pub(super) fn refused(kind: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, kind, query_code: None, message: message.into() }
    }

    /// The same with the code of the query protocol.
    pub(super) fn with_query_code(mut self, code: &'static str) -> Self {
        self.query_code = Some(code);
        self
    }

    /// A failure of the engine itself; the SDKs retry it.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self { status: 500, ..Self::refused("InternalServerError", message) }
    }

    /// An operation that this engine does not have.
    pub(super) fn unknown_operation(operation: &str) -> Self {
        Self::refused(
            "com.amazon.coral.service#UnknownOperationException",
            format!("The operation {operation} is not part of the embedded engine."),
        )
    }
}

impl From<WireError> for WireAnswer {
    fn from(error: WireError) -> Self {
        let body = json!({ "__type": error.kind, "message": error.message }).to_string();
        let mut answer = Self::json(error.status, body);
        if let Some(code) = error.query_code {
            let side = if error.status < 500 { "Sender" } else { "Receiver" };
            answer.headers.push(("x-amzn-query-error", format!("{code};{side}")));
        }
        answer
    }
}

/// Reads the input of an operation.
///
/// # Errors
/// `SerializationException` when the document is not JSON or a member has another type.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(body)
        .map_err(|error| WireError::refused("com.amazon.coral.service#SerializationException", error.to_string()))
}
