//! Events: the outbox (pending until the queue has accepted them), and the feed of the last 90 days.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CommunsStore, keys};
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::merge::Merge;
use crate::store::transaction::Transaction;
use domain::api_key::Service;
use domain::communs::event::{Event, EventId};
use domain::communs::event_type::EventType;
use domain::communs::project::ProjectId;
use domain::instant;
use domain::webhooks::subscription::WebhookId;

/// How long events and deliveries are kept.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// How long after its commit an unsent event is taken over by the sweeper.
pub const SENT_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// The feed ends this long before now. A write stamps its event at most half a second before its commit, which ends
/// within the store's operation timeout ([`crate::store::OPERATION_TIMEOUT`], 8 s) or never: nothing can still appear
/// before the feed's end, as long as clocks differ by less than the half second left.
pub const FEED_LAG: TimeDelta = TimeDelta::seconds(9);

/// A webhook an event is for, as frozen when the event was committed. Stored as `<service>#<webhook>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient {
    /// Whose webhook.
    pub service: Service,
    /// Which.
    pub webhook: WebhookId,
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        format!("{}#{}", recipient.service, recipient.webhook)
    }
}

impl TryFrom<String> for Recipient {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('#').and_then(|(service, webhook)| {
            Some(Self { service: Service::parse(service)?, webhook: WebhookId::parse(webhook)? })
        });
        parts.ok_or("not a recipient")
    }
}

/// How an event is stored. Its `data` is stored as its deflated text: frozen to the letter, and small enough that the
/// event of an ordinary project is one write unit, not two.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Event")]
struct StoredEvent {
    id: EventId,
    kind: EventType,
    #[serde(with = "instant")]
    at: DateTime<Utc>,
    service: Service,
    project: ProjectId,
    #[serde(with = "crate::store::deflated")]
    data: Value,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    natifs: BTreeMap<Service, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    recipients: Vec<Recipient>,
    #[serde(with = "StoredEvent")]
    pub(super) event: Event,
    expires_at: i64,
}

/// An event committed but not known to be sent.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its id.
    pub id: EventId,
    /// When the sweeper may take it.
    pub due_at: DateTime<Utc>,
}

/// A page of the feed.
pub struct Feed {
    /// In order of commit.
    pub events: Vec<Event>,
    /// Where the next page begins.
    pub next: EventId,
}

impl CommunsStore {
    /// Adds an event; it is pending when it is for anybody.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn add_event(
        &self,
        transaction: &mut Transaction,
        event: &Event,
        recipients: &[Recipient],
    ) -> Result<(), StoreError> {
        let pending = !recipients.is_empty();
        let item = EventItem {
            due: pending.then(|| keys::pending_partition_of(&event.id)),
            due_at: pending.then(|| instant::text(event.at + SENT_WITHIN)),
            recipients: recipients.to_vec(),
            event: event.clone(),
            expires_at: (event.at + KEPT).timestamp(),
        };
        self.put(transaction, &keys::event(&event.id), &item, &Guard::None)
    }

    /// An event and whom it is for; `None` once it has expired.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn event(&self, id: &EventId) -> Result<Option<(Event, Vec<Recipient>)>, StoreError> {
        let item: Option<EventItem> = self.get(&keys::event(id)).await?;
        Ok(item.map(|item| (item.event, item.recipients)))
    }

    /// The queue has accepted the messages of an event: it leaves the outbox, if it has not expired.
    ///
    /// # Errors
    /// When DynamoDB fails; the event is then sent again by the sweeper.
    pub async fn mark_sent(&self, id: &EventId) -> Result<(), StoreError> {
        let update = self.update(&keys::event(id)).remove(keys::DUE.name).remove(keys::DUE.sort);
        unless_raced(update.when(Guard::Present).send().await)?;
        Ok(())
    }

    /// Up to `limit` events of one shard that are still pending at `now`, the oldest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn pending_events(&self, shard: u8, now: DateTime<Utc>, limit: i32) -> Result<Vec<Pending>, StoreError> {
        let due = self.due(&keys::pending_partition(shard), now, limit).await?;
        Ok(due
            .into_iter()
            .filter_map(|due| Some(Pending { id: EventId::parse(&due.key.sk)?, due_at: due.due_at }))
            .collect())
    }

    /// Takes a pending event over until `until`, so that two sweepers never send the same one.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was sent or taken meanwhile.
    pub async fn lease_event(&self, pending: &Pending, until: DateTime<Utc>) -> Result<(), CommitError> {
        self.lease(&keys::event(&pending.id), pending.due_at, until).await
    }

    /// The events of other services than `reader`, after `after`, committed before `end`; none older than [`KEPT`].
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn feed(
        &self,
        reader: &Service,
        after: Option<&EventId>,
        end: DateTime<Utc>,
        limit: usize,
    ) -> Result<Feed, StoreError> {
        let oldest = EventId::first_at(end - KEPT);
        let end = EventId::first_at(end);
        let start = after.filter(|after| **after > oldest).unwrap_or(&oldest).clone();
        if start >= end {
            return Ok(Feed { events: Vec::new(), next: start });
        }
        let per_page = i32::try_from(limit / usize::from(keys::SHARDS) + 4).unwrap_or(i32::MAX);
        let mut merge = Merge::new(usize::from(keys::SHARDS), Some(start.to_string()), |shard, after| {
            let partition = keys::event_partition(u8::try_from(shard).unwrap_or(0));
            self.event_page(partition, after.unwrap_or_default(), end.to_string(), per_page)
        });
        let mut feed = Feed { events: Vec::new(), next: end.clone() };
        while feed.events.len() < limit {
            match merge.next().await? {
                Some((_, event)) if event.service == *reader => {}
                Some((_, event)) => feed.events.push(event),
                None => return Ok(feed),
            }
        }
        if let Some(last) = feed.events.last() {
            feed.next = last.id.clone();
        }
        Ok(feed)
    }

    async fn event_page(
        &self,
        partition: String,
        after: String,
        before: String,
        limit: i32,
    ) -> Result<Vec<(String, Event)>, StoreError> {
        let page = self.query(partition).after(Some(after)).before(Some(before)).page(limit).await?;
        let items: Vec<EventItem> = page.read()?;
        Ok(items.into_iter().map(|item| (item.event.id.to_string(), item.event)).collect())
    }
}
