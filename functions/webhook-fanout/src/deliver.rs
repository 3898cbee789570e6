//! One task: the delivery it names attempted, and what came of it written down.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::communs::event::Event;
use domain::webhooks::delivery::{Attempt, Delivery, NextStep};
use domain::webhooks::outcome::DeliveryOutcome;
use domain::webhooks::retry::{Carrier, SWEEP_GRACE, carrier};
use domain::webhooks::subscription::Webhook;
use passerelle::platform::batch::drop_dead;
use passerelle::platform::measures;
use passerelle::platform::queue::{DeliveryTask, QueueError};
use passerelle::platform::secrets::SecretError;
use passerelle::store::communs::deliveries::Expect;
use passerelle::store::communs::delivery_facts::DeliveryFacts;
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::{StoreError, unless_raced};

use crate::Fanout;
use crate::receiver_health::ReceiverChange;

/// How long a receiver may take before its next first attempts go by the retries' queue.
const SLOW_AFTER: Duration = Duration::from_millis(500);

/// How many of the deliveries that waited are sent when a breaker closes; the sweeper goes on with the others.
const BACKLOG_STARTED: i32 = 100;

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliverError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("an item the message names cannot be read")]
    Unreadable,
}

/// A delivery to be attempted, with everything the attempt needs.
struct Candidate<'a> {
    task: DeliveryTask,
    webhook: &'a StoredWebhook,
    event: &'a Event,
    delivery: Delivery,
    /// What must hold of the stored delivery when the next one is written.
    expect: Expect,
}

impl Fanout {
    /// Handles one task, given what was read for its whole batch.
    pub(crate) async fn deliver(&self, task: DeliveryTask, facts: &DeliveryFacts) -> Result<(), DeliverError> {
        if facts.is_unreadable(&task) {
            return Err(DeliverError::Unreadable);
        }
        let Some(webhook) = facts.webhook(&task) else {
            // No loss: its service wants no more events, and nobody has anything to do.
            tracing::info!("delivery dropped: its webhook was deleted");
            return Ok(());
        };
        let Some(event) = facts.event(&task) else {
            drop_dead("expired event");
            return Ok(());
        };
        let stored = facts.delivery(&task);
        let now = self.clock.now();
        let expect = stored.map_or(Expect::New, |seen| Expect::Seen(seen.attempt_count, seen.status));
        let delivery = stored.cloned().unwrap_or_else(|| Delivery::new(event, now));
        match delivery.next_step(webhook, task.attempts, task.breaker_rule()) {
            NextStep::Ignore => Ok(()),
            NextStep::Hold => self.write(webhook, &delivery.hold(), None, expect).await,
            // Due at once: the sweeper sends one as a probe while the breaker is open, all once it is closed.
            NextStep::Wait => self.write(webhook, &delivery, Some(now), expect).await,
            NextStep::Attempt => self.consider(Candidate { task, webhook, event, delivery, expect }, now).await,
        }
    }

    /// Attempts a delivery unless something still speaks against it: a newer version that arrived, a slow receiver, or
    /// somebody else who has taken it.
    async fn consider(&self, candidate: Candidate<'_>, now: DateTime<Utc>) -> Result<(), DeliverError> {
        let Candidate { task, webhook, delivery, expect, .. } = &candidate;
        if delivery.can_be_superseded() && self.store.is_superseded(webhook.id, delivery).await? {
            return self.write(webhook, &delivery.supersede(), None, *expect).await;
        }
        if task.is_first_attempt() && !task.diverted && webhook.health.is_slow(now) {
            let diverted = DeliveryTask { diverted: true, ..task.clone() };
            return Ok(self.retries.send(&[diverted], 0).await?);
        }
        if !self.take(task, now).await? {
            return Ok(());
        }
        self.attempt(candidate).await
    }

    /// Takes a retry by moving its `dueAt` forward; whether this message is the first to do so. A first attempt has
    /// nothing stored to take.
    async fn take(&self, task: &DeliveryTask, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(due) = task.due else { return Ok(true) };
        let leased = self.store.lease_delivery(task.webhook, &task.event, due, now + SWEEP_GRACE).await;
        Ok(unless_raced(leased)?.is_some())
    }

    async fn attempt(&self, candidate: Candidate<'_>) -> Result<(), DeliverError> {
        let Candidate { task, webhook, event, delivery, expect } = candidate;
        let (attempt, outcome) = self.send(webhook, event, self.clock.now()).await?;
        tracing::info!(
            event_id = %event.id, webhook = %webhook.id, project = %event.project, attempt = delivery.attempt_count + 1,
            status = outcome.status(), error_class = outcome.error_class().map(|class| class.as_str()),
            latency_ms = attempt.latency_ms, "attempted"
        );
        let now = self.clock.now();
        measures::attempted(&outcome, now - event.at);
        let receiver = self.record_health(webhook, &outcome).await?;
        let next = delivery.record_attempt(attempt, &outcome, rand::random(), receiver.status());
        let swept_at = match next.next_attempt_at.map(|due| carrier(due, now)) {
            Some(Carrier::Queue { delay_seconds, swept_at }) => {
                // Sent before it is written: if this stops in between, the message comes again and nothing is lost.
                let task =
                    DeliveryTask { attempts: next.attempt_count, due: Some(swept_at), through_breaker: false, ..task };
                self.retries.send(&[task], delay_seconds).await?;
                Some(swept_at)
            }
            Some(Carrier::Sweeper { swept_at }) => Some(swept_at),
            None => None,
        };
        self.write(webhook, &next, swept_at, expect).await?;
        if receiver == ReceiverChange::BreakerClosed {
            self.start_backlog(webhook, now).await;
        }
        Ok(())
    }

    /// Sends what waited for the breaker. A failure is no failure of the attempt: the sweeper sends it.
    async fn start_backlog(&self, webhook: &Webhook, now: DateTime<Utc>) {
        if let Err(error) = self.backlog.send_due(webhook, now, BACKLOG_STARTED).await {
            tracing::warn!(webhook = %webhook.id, %error, "backlog not started: left to the sweeper");
        }
    }

    /// One signed POST. A receiver that has not answered within [`SLOW_AFTER`] is marked as slow while it is waited
    /// for, so that its next deliveries do not hold the capacity of the others.
    async fn send(
        &self,
        webhook: &Webhook,
        event: &Event,
        now: DateTime<Utc>,
    ) -> Result<(Attempt, DeliveryOutcome), DeliverError> {
        let body = event.body_for(&webhook.service);
        let mut sending = std::pin::pin!(self.sender.send(webhook, event.id.as_str(), &body, now));
        if let Ok(sent) = tokio::time::timeout(SLOW_AFTER, &mut sending).await {
            return Ok(sent?);
        }
        let (sent, marked) = tokio::join!(sending, self.mark_slow(webhook, now));
        marked?;
        Ok(sent?)
    }

    /// Writes what came of a task. A race lost means that somebody else has dealt with the delivery.
    async fn write(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        swept_at: Option<DateTime<Utc>>,
        expect: Expect,
    ) -> Result<(), DeliverError> {
        let written = self.store.write_delivery(webhook.id, delivery, swept_at, expect, self.clock.now()).await;
        unless_raced(written)?;
        Ok(())
    }
}
