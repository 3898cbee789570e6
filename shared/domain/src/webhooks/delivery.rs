//! The delivery of one event to one webhook: its attempts, and what comes next.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::{DeliveryOutcome, ErrorClass};
use super::retry;
use super::subscription::{Webhook, WebhookStatus};
use crate::communs::event::{Event, EventId};
use crate::communs::event_type::EventType;
use crate::communs::project::ProjectId;
use crate::instant;

/// How many attempts are kept in detail: those of two schedules.
const ATTEMPTS_KEPT: usize = 20;

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
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

/// Whether a newer version delivered meanwhile makes a delivery useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supersession {
    /// As for any retry.
    Allowed,
    /// It was asked for by `resend` or `replay`: it is sent whatever came after it.
    Forbidden,
}

/// What an open breaker means to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerRule {
    /// The delivery waits until the breaker lets it through.
    Obey,
    /// It is attempted all the same: its service asked for this very delivery.
    Bypass,
}

/// A delivery as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The event delivered; also the `webhook-id`.
    pub event_id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The project it tells of.
    pub project_id: ProjectId,
    /// The version it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Its state.
    pub status: DeliveryStatus,
    /// Attempts made since the event was committed.
    pub attempt_count: u32,
    /// Attempts made since the schedule began: a resend begins another one.
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

/// What to do with a delivery that a message names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Sign and POST.
    Attempt,
    /// The message is out of date, or the delivery is over.
    Ignore,
    /// The webhook is disabled: keep it until it is enabled and recovered.
    Hold,
    /// The breaker is open: wait for a probe to succeed, without using up an attempt.
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
            status: DeliveryStatus::Pending,
            attempt_count: 0,
            schedule_count: 0,
            forced: false,
            next_attempt_at: Some(due),
            attempts: Vec::new(),
        }
    }

    /// What to do when a message names it. A message carries the number of attempts made when it was sent
    /// (`attempts_when_sent`): when more were made since, it is out of date and is ignored.
    #[must_use]
    pub fn next_step(&self, webhook: &Webhook, attempts_when_sent: u32, breaker: BreakerRule) -> NextStep {
        if self.status != DeliveryStatus::Pending || self.attempt_count != attempts_when_sent {
            return NextStep::Ignore;
        }
        if webhook.status() == WebhookStatus::Disabled {
            return NextStep::Hold;
        }
        let admitted = breaker == BreakerRule::Bypass || webhook.health.admits(self.event_id.as_str());
        if admitted { NextStep::Attempt } else { NextStep::Wait }
    }

    /// Whether a delivered newer version of the project would make this one useless. First attempts always go.
    #[must_use]
    pub fn can_be_superseded(&self) -> bool {
        self.attempt_count > 0 && !self.forced && self.kind.can_be_superseded()
    }

    /// The delivery after `attempt`. `unit` (0 to 1) places the retry within its jitter; `webhook` is the status of the
    /// webhook after this outcome, which may have disabled it.
    #[must_use]
    pub fn record_attempt(
        &self,
        attempt: Attempt,
        outcome: &DeliveryOutcome,
        unit: f64,
        webhook: WebhookStatus,
    ) -> Self {
        let mut next = self.clone();
        next.attempt_count += 1;
        next.schedule_count += 1;
        let wait = retry::delay(next.schedule_count, outcome, unit);
        (next.status, next.next_attempt_at) = match wait {
            _ if outcome.is_success() => (DeliveryStatus::Delivered, None),
            _ if webhook == WebhookStatus::Disabled => (DeliveryStatus::Held, None),
            Some(wait) => (DeliveryStatus::Pending, Some(attempt.at + rounded_up(wait))),
            None => (DeliveryStatus::Failed, None),
        };
        next.attempts.push(attempt);
        let surplus = next.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        next.attempts.drain(..surplus);
        next
    }

    /// Kept until the webhook is enabled and recovered.
    #[must_use]
    pub fn hold(&self) -> Self {
        Self { status: DeliveryStatus::Held, next_attempt_at: None, ..self.clone() }
    }

    /// Made useless by a newer version.
    #[must_use]
    pub fn supersede(&self) -> Self {
        Self { status: DeliveryStatus::Superseded, next_attempt_at: None, ..self.clone() }
    }

    /// Due at once, at the beginning of another schedule.
    #[must_use]
    pub fn reschedule(&self, now: DateTime<Utc>, supersession: Supersession) -> Self {
        Self {
            status: DeliveryStatus::Pending,
            next_attempt_at: Some(now),
            schedule_count: 0,
            forced: self.forced || supersession == Supersession::Forbidden,
            ..self.clone()
        }
    }
}

/// To whole milliseconds, the precision of what is stored.
fn rounded_up(wait: Duration) -> TimeDelta {
    TimeDelta::milliseconds(i64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
