//! Attempts to sign in, counted by the minute; the count survives cold starts.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{DroitsStore, keys};
use crate::store::error::{StoreError, unless_raced};
use crate::store::guard::Guard;

/// How long attempts are counted together.
pub const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// The attempts of one window, which began at `since` (milliseconds).
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WindowItem {
    since: i64,
    attempts: u64,
    expires_at: i64,
}

impl DroitsStore {
    /// Counts one more attempt of `subject` and answers how many there were since its window began.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn count_attempt(&self, subject: &str, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let key = keys::attempts(subject);
        let current = Guard::is_above("since", (now - WINDOW).timestamp_millis());
        let counted = self.update(&key).add("attempts", 1).when(current).send_returning::<WindowItem>().await;
        if let Some(window) = unless_raced(counted)? {
            return Ok(window.attempts);
        }
        // The first of a new window. Two at once count as one, which does no harm.
        let expires_at = (now + WINDOW * 2).timestamp();
        let window = WindowItem { since: now.timestamp_millis(), attempts: 1, expires_at };
        unless_raced(self.put_now(&key, &window, &Guard::None).await)?;
        Ok(1)
    }
}
