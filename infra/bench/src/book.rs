//! What the processes write down and hand over: changes accepted by the API, webhooks received by the sink.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Nanoseconds since 1970 by the system clock: the one clock every process of this machine shares.
pub(crate) type Instant = u64;

/// Now.
pub(crate) fn now() -> Instant {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Whether a change made a project or changed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    /// `POST /projects`.
    Create,
    /// `PATCH /projects/{id}`.
    Patch,
}

/// A change the API accepted: it answered 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    /// Create or patch.
    pub(crate) kind: Kind,
    /// The project's id.
    pub(crate) project: String,
    /// The version the change led to.
    pub(crate) version: u64,
    /// When it was to be sent. With an open loop, this is the schedule's instant, however late it was sent.
    pub(crate) intended: Instant,
    /// When the answer was there.
    pub(crate) answered: Instant,
}

/// What the clients did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LoadBook {
    /// When they began.
    pub(crate) began: Instant,
    /// Accepted changes, in no order.
    pub(crate) accepted: Vec<Accepted>,
    /// Requests that were not accepted, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Processor time the clients took, in seconds.
    pub(crate) cpu_seconds: f64,
}

/// A webhook that arrived, its signature verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    /// The service it was sent to.
    pub(crate) receiver: String,
    /// `webhook-id`.
    pub(crate) id: String,
    /// The project it tells of.
    pub(crate) project: String,
    /// The version it tells of.
    pub(crate) version: u64,
    /// When it had arrived in full.
    pub(crate) at: Instant,
}

/// What the receivers got.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SinkBook {
    /// Every verified webhook, in order of arrival, duplicates included.
    pub(crate) received: Vec<Received>,
    /// Webhooks whose signature or body was wrong.
    pub(crate) invalid: u64,
}
