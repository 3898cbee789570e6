//! The second factor of administrators: the code under way, and the wrong ones.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DroitsStore, keys};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::instant;

/// What is kept of a person's second factor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactor {
    /// HMAC of the code that was sent; `None` when none is under way.
    pub code: Option<String>,
    /// SHA-256, in hexadecimal, of the challenge that is to be brought with the code.
    #[serde(default)]
    pub challenge: Option<String>,
    /// Until when that code is good.
    #[serde(default, with = "instant::optional")]
    pub good_until: Option<DateTime<Utc>>,
    /// Wrong codes in a row, over all codes sent.
    pub wrong: u32,
    /// Until when nothing is examined.
    #[serde(default, with = "instant::optional")]
    pub locked_until: Option<DateTime<Utc>>,
    /// One more at each write.
    pub version: u64,
}

impl DroitsStore {
    /// The second factor of a user; a fresh one when there never was any.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn second_factor(&self, user: Uuid) -> Result<SecondFactor, StoreError> {
        Ok(self.get(&keys::second_factor(user)).await?.unwrap_or_default())
    }

    /// Replaces the second factor read as `before`.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn set_second_factor(
        &self,
        transaction: &mut Transaction,
        user: Uuid,
        before: &SecondFactor,
        next: &SecondFactor,
    ) -> Result<(), StoreError> {
        let guard = match before.version {
            0 => Guard::Absent,
            version => Guard::is("version", version),
        };
        let next = SecondFactor { version: before.version + 1, ..next.clone() };
        self.put(transaction, &keys::second_factor(user), &next, &guard)
    }
}
