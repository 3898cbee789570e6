//! What a message of the function's queues asks for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Job {
    /// Synchronise a user of a run.
    Sync(SyncTurn),
    /// Go on sending a run's users their messages.
    List {
        /// The run.
        run: Uuid,
    },
    /// Tell Brevo of a user.
    Contact(ContactTurn),
}

/// A user of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncTurn {
    pub(crate) run: Uuid,
    pub(crate) user: Uuid,
    /// Which attempt, from 1.
    pub(crate) attempt: u32,
}

/// A user whose contact is owed to Brevo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactTurn {
    pub(crate) user: Uuid,
    pub(crate) reason: Uuid,
    /// Calls that had failed when this was sent: a message of the past is ignored.
    pub(crate) attempts: u32,
}

/// Messages of this function need no fairness between groups.
pub(crate) fn no_group(_: &Job) -> Option<String> {
    None
}
