//! `Idempotency-Key`: the answer to a creation, kept and given again.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use passerelle::store::communs::idempotency::Record;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::precondition;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_LENGTH: usize = 255;

/// The key a caller gave to a request: 1-255 characters of ASCII, no comma among them.
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header.
    ///
    /// # Errors
    /// 400 when it is given twice, or is no such text.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        let text = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.to_str().ok().map(str::trim),
            (Some(_), Some(_)) => None,
        };
        // A repeated header may come joined by a comma: a key has none.
        let key = text.filter(|text| (1..=MAX_LENGTH).contains(&text.len()) && !text.contains(','));
        key.map(|text| Some(Self(text.to_owned()))).ok_or_else(|| {
            let detail =
                "L'en-tête Idempotency-Key : un texte de 1 à 255 caractères ASCII, sans virgule, donné une fois.";
            Problem::new(Code::InvalidBody).detail(detail)
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What tells a body from another one: SHA-256 of its JSON, however it is written.
pub(crate) fn hash_body(json: &[u8]) -> String {
    let canonical = serde_json::from_slice::<Value>(json).map(|json| json.to_string());
    let hash = canonical.map_or_else(|_| Sha256::digest(json), |text| Sha256::digest(text.as_bytes()));
    hex::encode(hash)
}

/// The answer kept, for the same body again.
///
/// # Errors
/// 422 for another body.
pub(crate) fn answer_again(record: &Record, body_hash: &str) -> Result<Response, ApiError> {
    if record.body_hash != body_hash {
        return Err(Code::IdempotencyKeyReused.into());
    }
    let answer: Value = serde_json::from_str(&record.answer).unwrap_or_default();
    let status = StatusCode::from_u16(record.status).unwrap_or(StatusCode::OK);
    let etag = precondition::etag(answer["version"].as_u64().unwrap_or_default());
    let marked = (REPLAYED, HeaderValue::from_static("true"));
    Ok((status, [(header::ETAG, etag), marked], Json(answer)).into_response())
}
