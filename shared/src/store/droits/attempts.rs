//! Attempts, counted by the minute; the counts survive cold starts.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{DroitsStore, keys};
use crate::store::error::CommitError;

/// How long a count is kept after its minute.
const KEPT: TimeDelta = TimeDelta::minutes(2);

#[derive(Deserialize)]
struct CountItem {
    attempts: i64,
}

impl CountItem {
    fn count(&self) -> u64 {
        u64::try_from(self.attempts).unwrap_or(0)
    }
}

impl DroitsStore {
    /// Adds `change` to the attempts of `subject`, a keyed hash, in `minute`, and answers how many there are then. What
    /// comes at once is added up: nothing is conditional.
    ///
    /// # Errors
    /// When DynamoDB fails, or is too busy with this count.
    pub async fn count_attempt(
        &self,
        subject: &str,
        minute: &str,
        change: i64,
        now: DateTime<Utc>,
    ) -> Result<u64, CommitError> {
        let update = self.update(&keys::attempts(subject, minute)).add("attempts", change).once();
        let counted = update.set("expiresAt", (now + KEPT).timestamp()).send_returning::<CountItem>().await?;
        Ok(counted.count())
    }

    /// The attempts of `subject` in `minute`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn attempts(&self, subject: &str, minute: &str) -> Result<u64, CommitError> {
        let count: Option<CountItem> = self.get(&keys::attempts(subject, minute)).await?;
        Ok(count.map_or(0, |count| count.count()))
    }
}
