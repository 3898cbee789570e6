//! What a message of the function's queues asks for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Job {
    /// Synchronise a user of a run.
    Sync(SyncJob),
    /// Go on sending a run's users their messages.
    List { run: Uuid },
    /// Tell Brevo of a user.
    Contact(ContactJob),
}

/// A user of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncJob {
    pub(crate) run: Uuid,
    pub(crate) user: Uuid,
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
}

/// A user whose contact Brevo has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactJob {
    pub(crate) user: Uuid,
    pub(crate) reason: Uuid,
    /// Calls that had failed when this was sent: a message of the past is ignored.
    pub(crate) attempts: u32,
}

/// Messages of this function need no fairness between groups.
pub(crate) fn no_group(_: &Job) -> Option<String> {
    None
}
