//! One record: its turn taken, the delivery attempted, what came of it written down.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use chrono::{DateTime, TimeDelta, Utc};
use domain::communs::event::Event;
use domain::webhooks::delivery::{Attempt, Delivery, Step};
use domain::webhooks::health::Health;
use domain::webhooks::outcome::Outcome;
use domain::webhooks::subscription::Webhook;
use passerelle::platform::measures::{self, Count};
use passerelle::platform::queue::{QueueError, Turn};
use passerelle::platform::secrets::SecretError;
use passerelle::store::communs::deliveries::Expect;
use passerelle::store::communs::turns::Facts;
use passerelle::store::error::{CommitError, StoreError};

use crate::Fanout;

/// Up to this wait SQS carries a retry by its delay; beyond, the sweeper finds it.
const CARRIED_BY_QUEUE: TimeDelta = TimeDelta::seconds(120);
/// How long the sweeper leaves a retry to the queue that carries it.
const QUEUE_GRACE: TimeDelta = TimeDelta::seconds(60);
/// How long a receiver may take before what follows for it goes by the retries' queue.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the health of a webhook is decided again when a write of it lost a race.
const HEALTH_ROUNDS: u32 = 10;

/// Why a record must come again.
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

/// What a message says, if it can be read at all.
pub(crate) fn turn(message: &SqsMessage) -> Option<Turn> {
    serde_json::from_str(message.body.as_deref()?).ok()
}

impl Fanout {
    /// Does what a message asks for, given what was read for its whole batch.
    pub(crate) async fn deliver(&self, turn: Option<Turn>, facts: &Facts) -> Result<(), DeliverError> {
        let Some(turn) = turn else {
            dead("unreadable message");
            return Ok(());
        };
        if facts.is_unreadable(&turn) {
            return Err(DeliverError::Unreadable);
        }
        let Some(webhook) = facts.webhook(&turn) else {
            // Its service wanted no more of them: no loss, and nothing for anybody to do.
            tracing::info!("delivery dropped: its webhook was deleted");
            return Ok(());
        };
        let Some(event) = facts.event(&turn) else {
            dead("expired event");
            return Ok(());
        };
        let delivery = facts.delivery(&turn);
        let now = self.clock.now();
        let expect = delivery.map_or(Expect::New, |seen| Expect::Seen(seen.attempt_count, seen.status));
        let delivery = delivery.cloned().unwrap_or_else(|| Delivery::new(event, now));
        let written = match delivery.step(webhook, turn.attempts) {
            Step::Done => return Ok(()),
            Step::Hold => self.write(webhook, &delivery.held(), None, expect).await,
            // The sweeper takes it up again: one at a time while the breaker is open, all once it is closed.
            Step::Wait => self.write(webhook, &delivery, Some(now), expect).await,
            Step::Attempt if self.is_superseded(webhook, &delivery).await? => {
                self.write(webhook, &delivery.superseded(), None, expect).await
            }
            Step::Attempt if turn.due.is_none() && !turn.diverted && webhook.health.is_slow(now) => {
                return Ok(self.retries.send(&[Turn { diverted: true, ..turn }], 0).await?);
            }
            Step::Attempt if !self.is_first_taker(&turn, now).await? => return Ok(()),
            Step::Attempt => return self.attempt(&turn, webhook, event, &delivery, expect).await,
        };
        settled(written)
    }

    async fn attempt(
        &self,
        turn: &Turn,
        webhook: &Webhook,
        event: &Event,
        delivery: &Delivery,
        expect: Expect,
    ) -> Result<(), DeliverError> {
        let now = self.clock.now();
        let body = event.body_for(&webhook.service);
        let (attempt, outcome) = self.send(webhook, event, &body, now).await?;
        tracing::info!(
            event_id = %event.id, webhook = %webhook.id, project = %event.project, attempt = delivery.attempt_count + 1,
            status = outcome.status(), error_class = outcome.error_class().map(|class| class.as_str()),
            latency_ms = attempt.latency_ms, "attempted"
        );
        measures::attempted(&outcome, self.clock.now() - event.at);
        let disabled = self.learn(webhook, &outcome).await?;
        let next = delivery.after(attempt, &outcome, rand::random(), disabled);
        let swept_at = match next.next_attempt_at {
            Some(due) if due - now <= CARRIED_BY_QUEUE => {
                // Sent before it is written: if this stops in between, the record comes again and nothing is lost.
                let swept_at = due + QUEUE_GRACE;
                let turn = Turn { attempts: next.attempt_count, due: Some(swept_at), ..turn.clone() };
                self.retries.send(&[turn], delay_seconds(due - now)).await?;
                Some(swept_at)
            }
            due => due,
        };
        settled(self.write(webhook, &next, swept_at, expect).await)
    }

    /// One signed POST. A receiver that has not answered after a moment is noted as slow while it is waited for, so
    /// that what comes next for it does not hold the capacity of the others.
    async fn send(
        &self,
        webhook: &Webhook,
        event: &Event,
        body: &serde_json::Value,
        now: DateTime<Utc>,
    ) -> Result<(Attempt, Outcome), DeliverError> {
        let mut sending = std::pin::pin!(self.sender.send(webhook, event.id.as_str(), body, now));
        if let Ok(sent) = tokio::time::timeout(PATIENCE, &mut sending).await {
            return Ok(sent?);
        }
        let (sent, noted) = tokio::join!(sending, self.note_slow(webhook, now));
        noted?;
        Ok(sent?)
    }

    async fn note_slow(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(webhook) = self.store.webhook(&webhook.service, webhook.id).await? else { return Ok(()) };
        let Some(health) = webhook.health.slowed(now) else { return Ok(()) };
        match self.store.update_webhook(&webhook, Webhook { health, ..webhook.clone() }).await {
            // Whoever was faster has noted it, or the next attempt will.
            Ok(_) | Err(CommitError::Race) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Whether this message is the first to take the retry it brings; a first attempt has nothing to take.
    async fn is_first_taker(&self, turn: &Turn, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(due) = turn.due else { return Ok(true) };
        match self.store.lease_delivery(turn.webhook, &turn.event, due, now + QUEUE_GRACE).await {
            Ok(()) => Ok(true),
            Err(CommitError::Race) => Ok(false),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    async fn is_superseded(&self, webhook: &Webhook, delivery: &Delivery) -> Result<bool, StoreError> {
        Ok(delivery.can_be_superseded() && self.store.is_superseded(webhook.id, delivery).await?)
    }

    async fn write(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        swept_at: Option<DateTime<Utc>>,
        expect: Expect,
    ) -> Result<(), CommitError> {
        self.store.write_delivery(webhook.id, delivery, swept_at, expect, self.clock.now()).await
    }

    /// Remembers how the receiver did; whether the webhook is disabled by it. A receiver that does well, and did well
    /// before, costs no write.
    async fn learn(&self, webhook: &Webhook, outcome: &Outcome) -> Result<bool, StoreError> {
        let mut seen = Some(webhook.clone());
        for _ in 0..HEALTH_ROUNDS {
            let Some(webhook) = seen else { return Ok(false) };
            if outcome.is_success() && webhook.health.is_well() {
                return Ok(false);
            }
            let now = self.clock.now();
            let health: Health = webhook.health.after(outcome, now);
            let verdict = webhook.disabled.or_else(|| health.verdict(outcome, now));
            let next = Webhook { health, disabled: verdict, ..webhook.clone() };
            match self.store.update_webhook(&webhook, next).await {
                Ok(next) => {
                    if webhook.health.open.is_none() && next.health.open.is_some() {
                        Count::BreakersOpened.one();
                    }
                    if let (None, Some(reason)) = (webhook.disabled, next.disabled) {
                        Count::WebhooksDisabled.one();
                        tracing::error!(webhook = %next.id, service = %next.service, ?reason, "webhook disabled");
                    }
                    return Ok(next.disabled.is_some());
                }
                Err(CommitError::Race) => seen = self.store.webhook(&webhook.service, webhook.id).await?,
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        // Many attempts ended at once: the others have told the same story.
        Ok(false)
    }
}

/// Losing the race to write a delivery means that somebody else has dealt with it.
fn settled(written: Result<(), CommitError>) -> Result<(), DeliverError> {
    match written {
        Ok(()) | Err(CommitError::Race) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Nothing can be done for the message, now or later: it is taken out, loudly.
fn dead(reason: &'static str) {
    Count::DeadMessages.one();
    tracing::error!(reason, "message dropped");
}

/// SQS counts whole seconds: the delay ends when the retry is due, or just after.
fn delay_seconds(wait: TimeDelta) -> i32 {
    let seconds = wait.num_milliseconds().max(0).div_euclid(1_000) + i64::from(wait.num_milliseconds() % 1_000 > 0);
    i32::try_from(seconds.min(900)).unwrap_or(900)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_whole_seconds_rounded_up() {
        for (millis, seconds) in [(0, 0), (1, 1), (4_000, 4), (4_001, 5), (5_999, 6), (2_000_000, 900), (-5, 0)] {
            assert_eq!(delay_seconds(TimeDelta::milliseconds(millis)), seconds, "{millis}");
        }
    }
}
