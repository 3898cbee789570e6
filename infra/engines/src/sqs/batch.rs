//! Batches: one to ten entries, each of which succeeds or fails on its own.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::errors;
use crate::wire::WireError;

/// One entry of a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry<T> {
    id: String,
    #[serde(flatten)]
    pub(super) value: T,
}

/// The answer to a batch.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchAnswer<T> {
    successful: Vec<Success<T>>,
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Success<T> {
    id: String,
    #[serde(flatten)]
    value: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    id: String,
    sender_fault: bool,
    code: &'static str,
    message: String,
}

impl<T> BatchAnswer<T> {
    /// Carries out each entry.
    pub(super) fn of<I>(entries: Vec<Entry<I>>, mut operation: impl FnMut(I) -> Result<T, WireError>) -> Self {
        let mut answer = Self { successful: Vec::new(), failed: Vec::new() };
        for Entry { id, value } in entries {
            match operation(value) {
                Ok(value) => answer.successful.push(Success { id, value }),
                Err(error) => answer.failed.push(Failure {
                    id,
                    sender_fault: error.status < 500,
                    code: error.query_code.unwrap_or(error.kind),
                    message: error.message,
                }),
            }
        }
        answer
    }
}

/// Refuses a batch as a whole when its size or the ids of its entries are wrong.
pub(super) fn check_ids<T>(entries: &[Entry<T>]) -> Result<(), WireError> {
    if entries.is_empty() {
        return Err(errors::empty_batch());
    }
    if entries.len() > 10 {
        return Err(errors::too_many_entries(entries.len()));
    }
    let mut seen = HashSet::new();
    for Entry { id, .. } in entries {
        let valid = (1..=80).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !valid {
            return Err(errors::invalid_entry_id());
        }
        if !seen.insert(id) {
            return Err(errors::entry_ids_not_distinct(id));
        }
    }
    Ok(())
}
