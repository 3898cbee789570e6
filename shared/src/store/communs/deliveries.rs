//! Deliveries: one item per event and webhook, its attempts inside, in the index of what is due while it waits.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::due::Due;
use super::events::KEPT;
use super::{CommunsStore, keys};
use crate::store::batch::KEYS_AT_A_TIME;
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::table::attribute;
use domain::communs::event::EventId;
use domain::instant;
use domain::webhooks::delivery::{Delivery, DeliveryStatus};
use domain::webhooks::subscription::WebhookId;

/// How many newer versions are looked at at a time: one `BatchGetItem`.
const VERSIONS_AT_A_TIME: i32 = KEYS_AT_A_TIME as i32;

/// Up to where pending deliveries are counted: one `Query` of the index.
const PENDING_COUNTED: i32 = 1_000;
/// How many deliveries are searched for the last success.
const LATEST: i32 = 100;
/// How many deliveries are held at the same time.
const HELD_AT_ONCE: usize = 16;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryItem {
    #[serde(flatten)]
    pub(super) delivery: Delivery,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    expires_at: i64,
}

/// What must hold when a delivery is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nobody has written it yet.
    New,
    /// It has this many attempts, and this status.
    Seen(u32, DeliveryStatus),
}

/// What [`CommunsStore::hold_due`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldReport {
    /// Deliveries found due.
    pub seen: usize,
    /// Of these, taken off the schedule.
    pub held: usize,
}

impl CommunsStore {
    /// The delivery of an event to a webhook, once one was written.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn delivery(&self, webhook: WebhookId, event: &EventId) -> Result<Option<Delivery>, StoreError> {
        let item: Option<DeliveryItem> = self.get(&keys::delivery(webhook, event)).await?;
        Ok(item.map(|item| item.delivery))
    }

    /// Writes a delivery. `swept_at` is when the sweeper takes it if nobody has: the next attempt itself, or a little
    /// later when the queue already carries it.
    ///
    /// # Errors
    /// [`CommitError::Race`] when `expect` no longer holds.
    pub async fn write_delivery(
        &self,
        webhook: WebhookId,
        delivery: &Delivery,
        swept_at: Option<DateTime<Utc>>,
        expect: Expect,
        now: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let item = DeliveryItem {
            delivery: delivery.clone(),
            due: swept_at.map(|_| keys::retry_partition(webhook)),
            due_at: swept_at.map(instant::text),
            expires_at: (now + KEPT).timestamp(),
        };
        let guard = match expect {
            Expect::New => Guard::Absent,
            Expect::Seen(attempts, status) => {
                Guard::is("attemptCount", attempts).and(Guard::is("status", attribute(&status)?))
            }
        };
        self.put_now(&keys::delivery(webhook, &delivery.event_id), &item, &guard).await
    }

    /// Up to `limit` deliveries of a webhook that are due at `now`, the oldest first, and since when each is.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn due_deliveries(
        &self,
        webhook: WebhookId,
        now: DateTime<Utc>,
        limit: i32,
    ) -> Result<Vec<(EventId, DateTime<Utc>)>, StoreError> {
        let due = self.due(&keys::retry_partition(webhook), now, limit).await?;
        let entry = |due: Due| Some((keys::event_of_delivery(&due.key.sk)?, due.due_at));
        Ok(due.into_iter().filter_map(entry).collect())
    }

    /// How many deliveries of a webhook are pending, up to `PENDING_COUNTED`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn pending_deliveries(&self, webhook: WebhookId) -> Result<usize, StoreError> {
        let pending = self.query_index(keys::DUE, keys::retry_partition(webhook)).page(PENDING_COUNTED).await?;
        Ok(pending.items.len())
    }

    /// When the receiver last took a delivery, as far as its latest hundred tell.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn last_success(&self, webhook: WebhookId) -> Result<Option<DateTime<Utc>>, StoreError> {
        let latest = self.deliveries(webhook, None, LATEST).await?;
        let delivered = latest.iter().filter(|delivery| delivery.status == DeliveryStatus::Delivered);
        Ok(delivered.filter_map(|delivery| delivery.attempts.last()).map(|attempt| attempt.at).max())
    }

    /// Takes over until `until` a delivery that was to be swept at `due`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was dealt with or taken meanwhile.
    pub async fn lease_delivery(
        &self,
        webhook: WebhookId,
        event: &EventId,
        due: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        self.lease(&keys::delivery(webhook, event), due, until).await
    }

    /// Takes up to `limit` deliveries of a disabled webhook that are due by `horizon` off the schedule.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn hold_due(
        &self,
        webhook: WebhookId,
        horizon: DateTime<Utc>,
        limit: i32,
        now: DateTime<Utc>,
    ) -> Result<HoldReport, StoreError> {
        let due = self.due_deliveries(webhook, horizon, limit).await?;
        let seen = due.len();
        let holding = stream::iter(due).map(|(event, _)| async move { self.hold(webhook, &event, now).await });
        let held: Vec<bool> = holding.buffered(HELD_AT_ONCE).try_collect().await?;
        Ok(HoldReport { seen, held: held.into_iter().filter(|held| *held).count() })
    }

    /// Holds a delivery that is pending; whether it was.
    async fn hold(&self, webhook: WebhookId, event: &EventId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(delivery) = self.delivery(webhook, event).await? else { return Ok(false) };
        // The index may lag: what was delivered meanwhile is not taken back.
        if delivery.status != DeliveryStatus::Pending {
            return Ok(false);
        }
        let expect = Expect::Seen(delivery.attempt_count, delivery.status);
        // Whoever was faster is just dealing with it.
        let written = self.write_delivery(webhook, &delivery.hold(), None, expect, now).await;
        Ok(unless_raced(written)?.is_some())
    }

    /// A page of a webhook's deliveries, newest event first, of events before `before`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        before: Option<&EventId>,
        limit: i32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let query = self.query(keys::delivery_partition(webhook)).prefix(keys::DELIVERY_PREFIX);
        let page = query.before(before.map(|id| keys::delivery(webhook, id).sk)).descending().page(limit).await?;
        let items: Vec<DeliveryItem> = page.read()?;
        Ok(items.into_iter().map(|item| item.delivery).collect())
    }

    /// Whether a newer version of the delivery's project was delivered to the webhook. The project's history names the
    /// events of its newer versions: a few reads, however busy the webhook.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn is_superseded(&self, webhook: WebhookId, delivery: &Delivery) -> Result<bool, StoreError> {
        let Some(mut version) = delivery.version else { return Ok(false) };
        loop {
            let newer = self.versions(delivery.project_id, version, VERSIONS_AT_A_TIME).await?;
            let Some(last) = newer.last() else { return Ok(false) };
            version = last.number;
            for item in self.batch_get(newer.iter().map(|version| keys::delivery(webhook, &version.event))).await? {
                let item: DeliveryItem = item.read()?;
                if item.delivery.status == DeliveryStatus::Delivered {
                    return Ok(true);
                }
            }
        }
    }
}
