//! Webhooks: a few dozen items in one partition, read at every change.

use std::ops::Deref;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::table::attribute;
use crate::store::transaction::Transaction;
use domain::api_key::Service;
use domain::webhooks::pings::Pings;
use domain::webhooks::subscription::{MAX_PER_SERVICE, Webhook, WebhookId};

/// A webhook as read, with what guards its next write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// One more at each write.
    #[serde(default)]
    revision: u64,
}

impl Deref for StoredWebhook {
    type Target = Webhook;

    fn deref(&self) -> &Webhook {
        &self.webhook
    }
}

/// How long pings are kept: none of them counts by then.
const PINGS_KEPT: TimeDelta = TimeDelta::minutes(5);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PingsItem {
    pings: Pings,
    expires_at: i64,
}

impl CommunsStore {
    /// The webhooks of one service, or of all, in order of registration within a service.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn webhooks(&self, service: Option<&Service>) -> Result<Vec<StoredWebhook>, StoreError> {
        let prefix = service.map(keys::webhook_prefix).unwrap_or_default();
        let items = self.query(keys::WEBHOOKS).prefix(prefix).all().await?;
        items.into_iter().map(Item::read).collect()
    }

    /// One webhook of a service.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn webhook(&self, service: &Service, id: WebhookId) -> Result<Option<StoredWebhook>, StoreError> {
        self.get(&keys::webhook(service, id)).await
    }

    /// Registers a webhook, counting it.
    ///
    /// # Errors
    /// [`CommitError::Race`] when the service has [`MAX_PER_SERVICE`] already.
    pub async fn register_webhook(&self, webhook: &Webhook) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        let first = StoredWebhook { webhook: webhook.clone(), revision: 0 };
        let room = Guard::lacks("count").or(Guard::is_below("count", MAX_PER_SERVICE));
        self.update(&keys::webhook_count(&webhook.service)).add("count", 1).when(room).within(&mut transaction)?;
        self.put(&mut transaction, &keys::webhook(&webhook.service, webhook.id), &first, &Guard::Absent)?;
        self.commit(transaction).await
    }

    /// The pings a webhook was sent lately.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn pings(&self, webhook: WebhookId) -> Result<Option<Pings>, StoreError> {
        let item: Option<PingsItem> = self.get(&keys::pings(webhook)).await?;
        Ok(item.map(|item| item.pings))
    }

    /// Writes the pings of a webhook read as `seen`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when another ping was counted meanwhile.
    pub async fn count_ping(
        &self,
        webhook: WebhookId,
        seen: Option<&Pings>,
        next: Pings,
        now: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let guard = match seen {
            Some(seen) => Guard::is("pings", attribute(seen)?),
            None => Guard::Absent,
        };
        let item = PingsItem { pings: next, expires_at: (now + PINGS_KEPT).timestamp() };
        self.put_now(&keys::pings(webhook), &item, &guard).await
    }

    /// Writes the next state of a webhook read as `seen`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was changed or deleted meanwhile.
    pub async fn update_webhook(&self, seen: &StoredWebhook, next: Webhook) -> Result<StoredWebhook, CommitError> {
        let next = StoredWebhook { webhook: next, revision: seen.revision + 1 };
        let key = keys::webhook(&next.service, next.id);
        self.put_now(&key, &next, &Guard::is("revision", seen.revision)).await?;
        Ok(next)
    }

    /// Deletes a webhook; what waits for it is never sent. What is kept of its deliveries is left to
    /// [`Self::purge_deliveries`].
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was deleted meanwhile.
    pub async fn delete_webhook(
        &self,
        service: &Service,
        id: WebhookId,
        now: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        let count = self.update(&keys::webhook_count(service)).add("count", -1);
        count.when(Guard::is_above("count", 0)).within(&mut transaction)?;
        self.delete(&mut transaction, &keys::webhook(service, id), &Guard::Present)?;
        self.schedule_purge(&mut transaction, id, now)?;
        self.commit(transaction).await
    }
}
