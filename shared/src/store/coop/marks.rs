//! How the users of a run ended: what tells a message that comes again from work to do.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;

/// How long marks are kept: far longer than a run may be paused.
const KEPT: TimeDelta = TimeDelta::days(90);

/// How an attempt at a user ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// Synchronised; something was quarantined where `true`.
    Synced(bool),
    /// Not known to the Dataspace, or gone meanwhile.
    NoOp,
    /// It failed.
    Failed,
}

/// The last attempt at a user of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How it ended.
    pub ending: Ending,
    /// Whether an earlier attempt had failed.
    pub failed_before: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkItem {
    #[serde(flatten)]
    mark: Mark,
    expires_at: i64,
}

impl CoopStore {
    /// The marks of these users in a run; a user nobody has tried has none.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn marks(&self, run: Uuid, users: &[Uuid]) -> Result<HashMap<Uuid, Mark>, StoreError> {
        let mut marks = HashMap::with_capacity(users.len());
        for item in self.batch_get(users.iter().map(|user| keys::mark(run, *user))).await? {
            let user = keys::user_of_mark(item.sk());
            let MarkItem { mark, .. } = item.read()?;
            marks.extend(user.map(|user| (user, mark)));
        }
        Ok(marks)
    }

    /// Marks how an attempt ended.
    ///
    /// # Errors
    /// [`CommitError::Race`] when this attempt, or a later one, is marked already.
    pub async fn mark(&self, run: Uuid, user: Uuid, mark: Mark, now: DateTime<Utc>) -> Result<(), CommitError> {
        let item = MarkItem { mark, expires_at: (now + KEPT).timestamp() };
        let later = Guard::Absent.or(Guard::is_below("attempt", mark.attempt));
        self.put_now(&keys::mark(run, user), &item, &later).await
    }
}
