//! The register of the people who were erased: a backup made before still holds them, and whoever restores one erases
//! them again (docs/procedures/restore.md).
//!
//! It holds keyed hashes and instants, nothing else, and is written before anything is erased: an erasure that begins
//! while a backup is copied is seen by the copy.

use chrono::{DateTime, TimeDelta, Utc};
use domain::instant;
use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::item::Item;

/// How long an erasure is remembered: longer than any backup is kept.
pub const KEPT: TimeDelta = TimeDelta::days(400);

/// A person who was erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasedPerson {
    /// Under every key that was in use.
    pub hashes: Vec<PersonHash>,
    /// When the erasure, or the latest of several, began.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// When it was whole, if it is.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErasedItem {
    #[serde(flatten)]
    erased: ErasedPerson,
    expires_at: i64,
}

impl CommunsStore {
    /// Notes that a person is being erased.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn begin_erasure(&self, person: &Person, now: DateTime<Utc>) -> Result<(), CommitError> {
        let erased = ErasedPerson { hashes: person.hashes().cloned().collect(), at: now, finished_at: None };
        let item = ErasedItem { erased, expires_at: (now + KEPT).timestamp() };
        self.put_now(&keys::erased(&person.current), &item, &Guard::None).await
    }

    /// Notes that the erasure begun at `begun` is whole, unless another has begun meanwhile.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn finish_erasure(
        &self,
        person: &Person,
        begun: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let update = self.update(&keys::erased(&person.current)).set("finishedAt", now);
        unless_raced(update.when(Guard::is("at", begun)).send().await)?;
        Ok(())
    }

    /// Everybody in the register.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn erased_people(&self) -> Result<Vec<ErasedPerson>, StoreError> {
        self.query(keys::ERASED).all().await?.into_iter().map(Item::read).collect()
    }
}
