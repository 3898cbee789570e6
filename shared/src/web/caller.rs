//! Who presents what in `Authorization`.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::error::ApiError;
use super::fair_share::recognise;
use super::layer::log_caller;
use super::problem::Code;
use crate::store::communs::CommunsStore;
use crate::store::communs::api_keys::ApiKey;
use domain::api_key::{KeyHash, bearer};

/// The one bearer token of a request.
///
/// # Errors
/// [`Code::Unauthenticated`] when there is none, or several.
pub fn token(headers: &HeaderMap) -> Result<&str, Code> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Code::Unauthenticated);
    };
    value.to_str().ok().and_then(bearer).ok_or(Code::Unauthenticated)
}

/// The service key of a request: the keys of all three APIs are in the table of the communs.
///
/// # Errors
/// 401 when it is missing or unknown.
pub async fn service_key(parts: &Parts, keys: &CommunsStore) -> Result<ApiKey, ApiError> {
    let hash = KeyHash::of(token(&parts.headers)?);
    let known = keys.api_key(&hash).await?.ok_or(Code::Unauthenticated)?;
    note_key(parts, &known, &hash);
    Ok(known)
}

/// Says of a request that its key is known: it is named in the log, and counts for itself.
pub fn note_key(parts: &Parts, key: &ApiKey, hash: &KeyHash) {
    recognise(&parts.extensions);
    log_caller(&key.service, key.scope, hash);
}
