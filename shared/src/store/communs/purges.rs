//! Deleted webhooks whose deliveries, with what their receivers answered, are being removed: answers may repeat what an
//! event told of a person.
//!
//! A deletion is remembered for a while: an attempt that was under way, or a replay, may write a delivery late. No
//! function runs longer than `REMEMBERED`, so that nobody who has read the webhook before writes after it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::instant;
use domain::webhooks::subscription::WebhookId;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::store::error::{StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;

/// How long after a deletion its webhook's deliveries are looked for: what Lambda lets a function run at the very most.
const REMEMBERED: TimeDelta = TimeDelta::minutes(15);

/// How many deliveries are removed at the same time.
const REMOVED_AT_ONCE: usize = 16;

/// A deleted webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purge {
    /// Which.
    pub webhook: WebhookId,
    #[serde(with = "instant")]
    deleted_at: DateTime<Utc>,
}

/// A purge in the index of what is due.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PurgeItem {
    #[serde(flatten)]
    purge: Purge,
    due: &'static str,
    #[serde(with = "instant")]
    due_at: DateTime<Utc>,
}

impl CommunsStore {
    /// Adds the purge of a webhook that `transaction` deletes, due at once.
    pub(super) fn schedule_purge(
        &self,
        transaction: &mut Transaction,
        webhook: WebhookId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let item = PurgeItem { purge: Purge { webhook, deleted_at: now }, due: keys::PURGES, due_at: now };
        self.put(transaction, &keys::purge(webhook), &item, &Guard::Absent)
    }

    /// Every deleted webhook that is remembered.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn purges(&self) -> Result<Vec<Purge>, StoreError> {
        self.query(keys::PURGES).all().await?.into_iter().map(Item::read).collect()
    }

    /// Up to `limit` deleted webhooks to be purged at `now`, those that have waited longest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn due_purges(&self, now: DateTime<Utc>, limit: i32) -> Result<Vec<Purge>, StoreError> {
        let due = self.due(keys::PURGES, now, limit).await?;
        self.batch_get(due.into_iter().map(|due| due.key)).await?.into_iter().map(Item::read).collect()
    }

    /// Removes up to `limit` deliveries of a deleted webhook; how many there were.
    ///
    /// # Errors
    /// When DynamoDB fails: those removed stay removed.
    pub async fn purge_deliveries(&self, webhook: WebhookId, limit: i32) -> Result<usize, StoreError> {
        let page = self.query(keys::delivery_partition(webhook)).page(limit).await?;
        let found: Vec<_> = page.items.iter().map(Item::key).collect();
        let count = found.len();
        let removing = stream::iter(found).map(|key| async move { self.delete_now(&key).await });
        removing.buffer_unordered(REMOVED_AT_ONCE).try_collect::<Vec<()>>().await?;
        Ok(count)
    }

    /// Nothing is left of a deleted webhook: it is looked at once more when nothing can be added any more, and then
    /// forgotten.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn finish_purge(&self, purge: &Purge, now: DateTime<Utc>) -> Result<(), StoreError> {
        let key = keys::purge(purge.webhook);
        let last_look = purge.deleted_at + REMEMBERED;
        if now >= last_look {
            return self.delete_now(&key).await;
        }
        // Forgotten meanwhile by another sweep: it must not come back.
        unless_raced(self.update(&key).set(keys::DUE.sort, last_look).when(Guard::Present).send().await)?;
        Ok(())
    }
}
