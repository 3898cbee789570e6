//! The sweep of the outbox: events committed but not sent, deliveries that came due for a retry, and what is left of
//! deleted webhooks.
//!
//! Each thing is leased before it is sent, so that two sweepers never double their work; a lease that is not followed
//! by a send simply runs out. The work of one run is bounded: what is left waits for the next minute.
//!
//! Source: docs/spec/webhooks.md#from-a-write-to-a-webhook

use aws_config::SdkConfig;
use chrono::{DateTime, TimeDelta, Utc};
use domain::webhooks::subscription::WebhookStatus;
use futures_util::future::try_join_all;
use passerelle::backlog::{Backlog, BacklogError};
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::queue::{DeliveryQueue, DeliveryTask, QueueError};
use passerelle::store::communs::events::{Pending, Recipient, SENT_WITHIN};
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::communs::{CommunsStore, keys};
use passerelle::store::error::{StoreError, unless_raced};
use serde::Serialize;

/// The most things taken from one partition in one run.
const TAKEN_PER_PARTITION: i32 = 100;
/// How long an event is left to the sweeper that has taken it.
const EVENT_LEASE: TimeDelta = TimeDelta::seconds(60);

/// The most deleted webhooks purged in one run.
const PURGES_PER_RUN: i32 = 20;
/// The most deliveries removed of one of them: at most ten thousand a run, which takes seconds.
const PURGED_PER_WEBHOOK: i32 = 500;

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    communs_table: String,
    deliveries_queue_url: String,
    retries_queue_url: String,
}

impl Config {
    /// Reads the variables with `look_up`.
    ///
    /// # Errors
    /// Names every variable that is missing.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(&look_up);
        let config = Self {
            communs_table: variables.text("COMMUNS_TABLE"),
            deliveries_queue_url: variables.text("DELIVERIES_QUEUE_URL"),
            retries_queue_url: variables.text("RETRIES_QUEUE_URL"),
        };
        variables.finish(config)
    }
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Events sent that their writer had not sent.
    pub events: usize,
    /// Retries sent.
    pub retries: usize,
    /// Deliveries kept because their webhook is disabled.
    pub held: usize,
    /// Deliveries removed because their webhook was deleted.
    pub purged: usize,
    /// The age of the oldest event that was still pending, in milliseconds.
    pub oldest_pending_ms: i64,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue failed; what was leased comes again.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A backlog could not be sent.
    #[error(transparent)]
    Backlog(#[from] BacklogError),
}

/// The function, its clients made once.
#[derive(Clone, Debug)]
pub struct Sweeper {
    clock: Clock,
    store: CommunsStore,
    deliveries: DeliveryQueue,
    backlog: Backlog,
}

impl Sweeper {
    /// Makes the clients.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: Config, clock: Clock) -> Self {
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), config.communs_table);
        let retries = DeliveryQueue::new(sqs.clone(), config.retries_queue_url);
        Self {
            clock,
            deliveries: DeliveryQueue::new(sqs, config.deliveries_queue_url),
            backlog: Backlog::new(store.clone(), retries),
            store,
        }
    }

    /// One run.
    ///
    /// # Errors
    /// When DynamoDB or SQS fails: what was not done is done by the next run.
    pub async fn handle(&self) -> Result<SweepReport, SweepError> {
        let mut report = SweepReport::default();
        for (sent, oldest_ms) in try_join_all((0..keys::SHARDS).map(|shard| self.sweep_events(shard))).await? {
            report.events += sent;
            report.oldest_pending_ms = report.oldest_pending_ms.max(oldest_ms);
        }
        let webhooks = self.store.webhooks(None).await?;
        for (sent, held) in try_join_all(webhooks.iter().map(|webhook| self.sweep_retries(webhook))).await? {
            report.retries += sent;
            report.held += held;
        }
        let breakers = webhooks.iter().filter(|webhook| webhook.health.open.is_some()).count();
        passerelle::platform::measures::outbox(TimeDelta::milliseconds(report.oldest_pending_ms), breakers);
        report.purged = self.sweep_purges().await?;
        tracing::info!(
            events = report.events,
            retries = report.retries,
            held = report.held,
            purged = report.purged,
            oldest_pending_ms = report.oldest_pending_ms,
            "swept"
        );
        Ok(report)
    }

    /// Removes what is left of deleted webhooks; how many deliveries.
    async fn sweep_purges(&self) -> Result<usize, SweepError> {
        let now = self.clock.now();
        let mut purged = 0;
        for purge in self.store.due_purges(now, PURGES_PER_RUN).await? {
            match self.store.purge_deliveries(purge.webhook, PURGED_PER_WEBHOOK).await? {
                0 => self.store.finish_purge(&purge, now).await?,
                // There may be more: the next run goes on.
                removed => purged += removed,
            }
        }
        Ok(purged)
    }

    /// Sends the pending events of one shard; how many, and the age of the oldest.
    async fn sweep_events(&self, shard: u8) -> Result<(usize, i64), SweepError> {
        let now = self.clock.now();
        let pending = self.store.pending_events(shard, now, TAKEN_PER_PARTITION).await?;
        let oldest_ms = pending.first().map_or(0, |oldest| (now - oldest.due_at + SENT_WITHIN).num_milliseconds());
        let sent = try_join_all(pending.iter().map(|pending| self.send_event(pending, now))).await?;
        Ok((sent.into_iter().filter(|sent| *sent).count(), oldest_ms))
    }

    async fn send_event(&self, pending: &Pending, now: DateTime<Utc>) -> Result<bool, SweepError> {
        if unless_raced(self.store.lease_event(pending, now + EVENT_LEASE).await)?.is_none() {
            return Ok(false);
        }
        let Some((event, recipients)) = self.store.event(&pending.id).await? else { return Ok(false) };
        let task = |to: Recipient| DeliveryTask::first_attempt(&event.id, to.service, to.webhook);
        let tasks: Vec<DeliveryTask> = recipients.into_iter().map(task).collect();
        self.deliveries.send(&tasks, 0).await?;
        self.store.mark_sent(&event.id).await?;
        Ok(true)
    }

    /// Sends the retries of one webhook that are due; how many were sent, and how many held.
    async fn sweep_retries(&self, webhook: &StoredWebhook) -> Result<(usize, usize), SweepError> {
        let now = self.clock.now();
        if webhook.status() == WebhookStatus::Disabled {
            // Kept until it is enabled and recovered.
            return Ok((0, self.store.hold_due(webhook.id, now, TAKEN_PER_PARTITION, now).await?.held));
        }
        let sent = if webhook.health.open.is_some() {
            self.backlog.send_probe(webhook, now).await?
        } else {
            self.backlog.send_due(webhook, now, TAKEN_PER_PARTITION).await?
        };
        Ok((sent, 0))
    }
}
