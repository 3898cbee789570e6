//! The delivery of one event to one webhook: its attempts, and what comes next.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::{ErrorClass, Outcome};
use super::retry;
use super::subscription::Webhook;
use crate::communs::event::{Event, EventId, Kind};
use crate::communs::project::ProjectId;
use crate::instant;

/// How many attempts are remembered in detail: two schedules' worth.
const ATTEMPTS_KEPT: usize = 20;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Due, or waiting for a retry or for the breaker.
    Pending,
    /// A 2xx was answered.
    Delivered,
    /// The ten attempts are used up.
    Failed,
    /// A newer version was delivered meanwhile.
    Superseded,
    /// The webhook is disabled.
    Held,
}

impl Status {
    /// Reads a status; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "pending" => Some(Self::Pending),
            "delivered" => Some(Self::Delivered),
            "failed" => Some(Self::Failed),
            "superseded" => Some(Self::Superseded),
            "held" => Some(Self::Held),
            _ => None,
        }
    }
}

/// One attempt, as shown to the service that owns the webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// The HTTP status, when one came.
    pub status_code: Option<u16>,
    /// Why none came.
    pub error_class: Option<ErrorClass>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// The first 2 KiB of the answer, as text.
    pub answer: String,
}

/// A delivery as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The event delivered; also the `webhook-id`.
    pub event_id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The project it tells of.
    pub project_id: ProjectId,
    /// The version it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Where it stands.
    pub status: Status,
    /// Attempts made, all told.
    pub attempt_count: u32,
    /// Attempts made in the current schedule, which a resend begins anew.
    pub schedule_count: u32,
    /// Asked for by `resend` or `replay`: never superseded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// When the next attempt is due, while pending.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The last attempts, oldest first.
    pub attempts: Vec<Attempt>,
}

/// What to do with a delivery whose turn has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sign and POST.
    Attempt,
    /// Somebody has dealt with it, or deals with it: nothing to do.
    Done,
    /// The webhook is disabled: keep it.
    Hold,
    /// The breaker is open: it waits for its turn without using up an attempt.
    Wait,
}

impl Delivery {
    /// A delivery nobody has attempted yet, due at `due`.
    #[must_use]
    pub fn new(event: &Event, due: DateTime<Utc>) -> Self {
        Self {
            event_id: event.id.clone(),
            kind: event.kind,
            project_id: event.project,
            version: event.version(),
            status: Status::Pending,
            attempt_count: 0,
            schedule_count: 0,
            forced: false,
            next_attempt_at: Some(due),
            attempts: Vec::new(),
        }
    }

    /// What to do with it now. `expected` is the number of attempts made when the message that brings it was sent:
    /// a message of the past has nothing to say.
    #[must_use]
    pub fn step(&self, webhook: &Webhook, expected: u32) -> Step {
        if self.status != Status::Pending || self.attempt_count != expected {
            return Step::Done;
        }
        if webhook.disabled.is_some() {
            return Step::Hold;
        }
        if webhook.health.admits(self.event_id.as_str()) { Step::Attempt } else { Step::Wait }
    }

    /// Whether a delivered newer version of the project would make this one useless. First attempts always go.
    #[must_use]
    pub fn can_be_superseded(&self) -> bool {
        self.attempt_count > 0 && !self.forced && self.kind.can_be_superseded()
    }

    /// The delivery after `attempt`. `unit` (0 to 1) places the retry within its jitter; `disabled` says that the
    /// webhook was disabled by this very outcome.
    #[must_use]
    pub fn after(&self, attempt: Attempt, outcome: &Outcome, unit: f64, disabled: bool) -> Self {
        let mut next = self.clone();
        next.attempt_count += 1;
        next.schedule_count += 1;
        let wait = retry::delay(next.schedule_count, outcome, unit);
        (next.status, next.next_attempt_at) = match wait {
            _ if outcome.is_success() => (Status::Delivered, None),
            _ if disabled => (Status::Held, None),
            Some(wait) => (Status::Pending, Some(attempt.at + rounded_up(wait))),
            None => (Status::Failed, None),
        };
        next.attempts.push(attempt);
        let surplus = next.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        next.attempts.drain(..surplus);
        next
    }

    /// Kept until the webhook is enabled and recovered.
    #[must_use]
    pub fn held(&self) -> Self {
        Self { status: Status::Held, next_attempt_at: None, ..self.clone() }
    }

    /// Made useless by a newer version.
    #[must_use]
    pub fn superseded(&self) -> Self {
        Self { status: Status::Superseded, next_attempt_at: None, ..self.clone() }
    }

    /// Due at once with a fresh schedule. `forced` when it was asked for by name or by replay.
    #[must_use]
    pub fn due_again(&self, now: DateTime<Utc>, forced: bool) -> Self {
        Self {
            status: Status::Pending,
            next_attempt_at: Some(now),
            schedule_count: 0,
            forced: forced || self.forced,
            ..self.clone()
        }
    }
}

/// To whole milliseconds, the precision of what is stored.
fn rounded_up(wait: Duration) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}
