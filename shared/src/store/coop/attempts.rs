//! How the users of a run ended: what tells a message that comes again from work to do.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use domain::coop::run::LastAttempt;

/// How long attempts are kept: far longer than a run may be paused.
const KEPT: TimeDelta = TimeDelta::days(90);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttemptItem {
    #[serde(flatten)]
    last: LastAttempt,
    expires_at: i64,
}

impl CoopStore {
    /// The last attempts at these users in a run; a user nobody has tried has none.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn last_attempts(&self, run: Uuid, users: &[Uuid]) -> Result<HashMap<Uuid, LastAttempt>, StoreError> {
        let mut attempts = HashMap::with_capacity(users.len());
        for item in self.batch_get(users.iter().map(|user| keys::attempt(run, *user))).await? {
            let user = keys::user_of_attempt(item.sk());
            let AttemptItem { last, .. } = item.read()?;
            attempts.extend(user.map(|user| (user, last)));
        }
        Ok(attempts)
    }

    /// Notes how an attempt ended.
    ///
    /// # Errors
    /// [`CommitError::Race`] when this attempt, or a later one, is noted already.
    pub async fn note_attempt(
        &self,
        run: Uuid,
        user: Uuid,
        last: LastAttempt,
        now: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let item = AttemptItem { last, expires_at: (now + KEPT).timestamp() };
        let later = Guard::Absent.or(Guard::is_below("attempt", last.attempt));
        self.put_now(&keys::attempt(run, user), &item, &later).await
    }
}
