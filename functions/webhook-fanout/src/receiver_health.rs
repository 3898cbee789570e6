//! What an attempt tells about its receiver: failures counted, the breaker, the webhook disabled, a slow receiver.

use chrono::{DateTime, Utc};
use domain::webhooks::health::Health;
use domain::webhooks::outcome::DeliveryOutcome;
use domain::webhooks::subscription::{Webhook, WebhookStatus};
use passerelle::platform::measures::Count;
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::{CommitError, StoreError, unless_raced};

use crate::Fanout;

/// How often the health of a webhook is decided again when its write lost a race.
const ROUNDS: u32 = 10;

/// What an outcome changed for the deliveries of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiverChange {
    /// Nothing.
    None,
    /// The breaker was open: what waited for it can go.
    BreakerClosed,
    /// The webhook is disabled: nothing is sent any more.
    Disabled,
}

impl ReceiverChange {
    /// The status of the webhook after it.
    pub(crate) fn status(self) -> WebhookStatus {
        match self {
            Self::None | Self::BreakerClosed => WebhookStatus::Active,
            Self::Disabled => WebhookStatus::Disabled,
        }
    }

    fn between(before: &Webhook, after: &Webhook) -> Self {
        if after.status() == WebhookStatus::Disabled {
            return Self::Disabled;
        }
        let closed = before.health.open.is_some() && after.health.open.is_none();
        if closed { Self::BreakerClosed } else { Self::None }
    }
}

impl Fanout {
    /// Records an outcome in the health of a webhook. A receiver that does well, and did well before, costs no write.
    pub(crate) async fn record_health(
        &self,
        webhook: &StoredWebhook,
        outcome: &DeliveryOutcome,
    ) -> Result<ReceiverChange, StoreError> {
        let mut seen = Some(webhook.clone());
        for _ in 0..ROUNDS {
            let Some(webhook) = seen else { return Ok(ReceiverChange::None) };
            if outcome.is_success() && webhook.health.is_well() {
                return Ok(ReceiverChange::between(&webhook, &webhook));
            }
            let now = self.clock.now();
            let mut health: Health = webhook.health.record(outcome, now);
            if health.failures == 1 {
                // Nothing is written while a receiver does well: when it begins to fail, its deliveries tell.
                health.last_success_at = self.store.last_success(webhook.id).await?;
            }
            let disabled = webhook.disabled.or_else(|| health.verdict(outcome, now));
            let next = Webhook { health, disabled, ..Webhook::clone(&webhook) };
            match self.store.update_webhook(&webhook, next).await {
                Ok(next) => {
                    tell_changes(&webhook, &next);
                    return Ok(ReceiverChange::between(&webhook, &next));
                }
                Err(CommitError::Race) => seen = self.store.webhook(&webhook.service, webhook.id).await?,
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        // Many attempts ended at once: the others have recorded the same.
        Ok(ReceiverChange::None)
    }

    /// Marks a receiver as slow, unless that is known.
    pub(crate) async fn mark_slow(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(webhook) = self.store.webhook(&webhook.service, webhook.id).await? else { return Ok(()) };
        let Some(health) = webhook.health.mark_slow(now) else { return Ok(()) };
        // Whoever was faster has marked it, or the next attempt will.
        unless_raced(self.store.update_webhook(&webhook, Webhook { health, ..Webhook::clone(&webhook) }).await)?;
        Ok(())
    }
}

fn tell_changes(before: &Webhook, after: &Webhook) {
    if before.health.open.is_none() && after.health.open.is_some() {
        Count::BreakersOpened.one();
    }
    if let (None, Some(reason)) = (before.disabled, after.disabled) {
        Count::WebhooksDisabled.one();
        tracing::error!(webhook = %after.id, service = %after.service, ?reason, "webhook disabled");
    }
}
