//! The backlog of a webhook: what is due of its deliveries, taken and put on the retries' queue.
//!
//! Whoever sends a delivery has taken it by moving its `dueAt` forward, so that two senders never double their work; a
//! delivery that was taken and not sent is due again a minute later.

use chrono::{DateTime, Utc};
use domain::communs::event::EventId;
use domain::webhooks::retry::SWEEP_GRACE;
use domain::webhooks::subscription::Webhook;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::platform::queue::{DeliveryQueue, DeliveryTask, QueueError};
use crate::store::communs::CommunsStore;
use crate::store::communs::webhooks::StoredWebhook;
use crate::store::error::{StoreError, unless_raced};

/// Deliveries sent at the same time.
const AT_ONCE: usize = 16;

/// Why the backlog could not be sent; what was taken comes again.
#[derive(Debug, thiserror::Error)]
pub enum BacklogError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Sends what is due.
#[derive(Clone, Debug)]
pub struct Backlog {
    store: CommunsStore,
    retries: DeliveryQueue,
}

impl Backlog {
    /// The backlogs of all webhooks.
    #[must_use]
    pub fn new(store: CommunsStore, retries: DeliveryQueue) -> Self {
        Self { store, retries }
    }

    /// Sends up to `limit` deliveries of a webhook that are due, the oldest first; how many.
    ///
    /// # Errors
    /// When DynamoDB or SQS fails.
    pub async fn send_due(&self, webhook: &Webhook, now: DateTime<Utc>, limit: i32) -> Result<usize, BacklogError> {
        let due = self.store.due_deliveries(webhook.id, now, limit).await?;
        let sending = stream::iter(due).map(|(event, due)| self.send(webhook, event, due, now));
        let sent: Vec<bool> = sending.buffered(AT_ONCE).try_collect().await?;
        Ok(sent.into_iter().filter(|sent| *sent).count())
    }

    /// While the breaker is open, sends the oldest delivery due as the one probe of this interval; how many were sent.
    ///
    /// # Errors
    /// When DynamoDB or SQS fails.
    pub async fn send_probe(&self, webhook: &StoredWebhook, now: DateTime<Utc>) -> Result<usize, BacklogError> {
        let Some((event, due)) = self.store.due_deliveries(webhook.id, now, 1).await?.into_iter().next() else {
            return Ok(0);
        };
        let Some(health) = webhook.health.lease_probe(event.as_str(), now) else { return Ok(0) };
        let leased = Webhook { health, ..Webhook::clone(webhook) };
        if unless_raced(self.store.update_webhook(webhook, leased).await)?.is_none() {
            return Ok(0);
        }
        Ok(usize::from(self.send(webhook, event, due, now).await?))
    }

    async fn send(
        &self,
        webhook: &Webhook,
        event: EventId,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, BacklogError> {
        let until = now + SWEEP_GRACE;
        if unless_raced(self.store.lease_delivery(webhook.id, &event, due, until).await)?.is_none() {
            return Ok(false);
        }
        let Some(delivery) = self.store.delivery(webhook.id, &event).await? else { return Ok(false) };
        self.retries.send(&[DeliveryTask::next_attempt(webhook, &delivery, until)], 0).await?;
        Ok(true)
    }
}
