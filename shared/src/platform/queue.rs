//! SQS as the carrier of outboxes and jobs. Of the communs one message is one event for one webhook.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use domain::api_key::Service;
use domain::communs::event::EventId;
use domain::instant;
use domain::webhooks::delivery::{BreakerRule, Delivery};
use domain::webhooks::subscription::{Webhook, WebhookId};

/// SQS takes ten messages a batch.
const BATCH: usize = 10;

/// The pauses before what SQS failed to take is sent again, each between half of it and the whole.
const PAUSES: &[Duration] = &[Duration::from_millis(10), Duration::from_millis(20), Duration::from_millis(40)];

/// The content of a message: a delivery that is to be attempted now. Members a newer version may add are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryTask {
    /// The event to deliver.
    pub event: EventId,
    /// The service of the webhook.
    pub service: Service,
    pub webhook: WebhookId,
    /// How many attempts had been made when this was sent: once more were made, the message is out of date.
    pub attempts: u32,
    /// The `dueAt` stored when a retry was sent: whoever moves that forward first makes the attempt, so that a message
    /// that comes twice, or beside the sweeper's own, is attempted once. A first attempt has nothing stored yet.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub due: Option<DateTime<Utc>>,
    /// A first attempt that goes by the retries' queue because its receiver is slow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub diverted: bool,
    /// Asked for by `resend`: attempted whatever the breaker says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub through_breaker: bool,
}

impl DeliveryTask {
    /// The task of a delivery nobody has attempted.
    #[must_use]
    pub fn first_attempt(event: &EventId, service: Service, webhook: WebhookId) -> Self {
        Self { event: event.clone(), service, webhook, attempts: 0, due: None, diverted: false, through_breaker: false }
    }

    /// The next task of a stored delivery, whose `dueAt` is `due`.
    #[must_use]
    pub fn next_attempt(webhook: &Webhook, delivery: &Delivery, due: DateTime<Utc>) -> Self {
        Self {
            attempts: delivery.attempt_count,
            due: Some(due),
            ..Self::first_attempt(&delivery.event_id, webhook.service.clone(), webhook.id)
        }
    }

    /// What an open breaker means to it.
    #[must_use]
    pub fn breaker_rule(&self) -> BreakerRule {
        if self.through_breaker { BreakerRule::Bypass } else { BreakerRule::Obey }
    }

    /// Whether nothing is stored of the delivery yet.
    #[must_use]
    pub fn is_first_attempt(&self) -> bool {
        self.due.is_none()
    }
}

/// A failed operation of the queue. The detail is for the log.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS refused, or could not be reached.
    #[error("SQS: SendMessageBatch failed ({0})")]
    Aws(#[source] Box<aws_sdk_sqs::Error>),
    /// SQS took the batch but refused some of its messages.
    #[error("SQS: {0} messages of a batch were refused")]
    Refused(usize),
    /// A message could not be built: a fault of ours.
    #[error("a message could not be built")]
    Build(#[from] aws_sdk_sqs::error::BuildError),
    /// A message could not be written as JSON: a fault of ours.
    #[error("a message could not be written")]
    Json(#[from] serde_json::Error),
}

/// A queue.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

/// A queue of delivery tasks.
#[derive(Clone, Debug)]
pub struct DeliveryQueue(Queue);

impl DeliveryQueue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self(Queue::new(client, url))
    }

    /// Sends all tasks, each to be seen after `delay_seconds` (at most 900). The webhook is the message group, so that
    /// SQS serves a quiet webhook before a noisy one.
    ///
    /// # Errors
    /// When any message was not accepted: then some may have been, and sending all again is harmless.
    pub async fn send(&self, tasks: &[DeliveryTask], delay_seconds: i32) -> Result<(), QueueError> {
        self.0.send(tasks, |task| Some(task.webhook.to_string()), delay_seconds).await
    }
}

impl Queue {
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends all messages as JSON, each in its `group` and to be seen after `delay_seconds` (at most 900).
    ///
    /// SQS may take a part of a batch, which to the SDK is a success: what it failed to take is sent again here.
    ///
    /// # Errors
    /// When any message was not accepted: then some may have been.
    pub async fn send<T: Serialize>(
        &self,
        messages: &[T],
        group: impl Fn(&T) -> Option<String>,
        delay_seconds: i32,
    ) -> Result<(), QueueError> {
        let batches = messages.chunks(BATCH).map(|batch| self.send_batch(batch, &group, delay_seconds));
        futures_util::future::try_join_all(batches).await?;
        Ok(())
    }

    async fn send_batch<T: Serialize>(
        &self,
        messages: &[T],
        group: &impl Fn(&T) -> Option<String>,
        delay_seconds: i32,
    ) -> Result<(), QueueError> {
        let mut left = Vec::with_capacity(messages.len());
        for (i, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(i.to_string())
                .message_body(serde_json::to_string(message)?)
                .set_message_group_id(group(message))
                .delay_seconds(delay_seconds)
                .build()?;
            left.push(entry);
        }
        let mut pauses = PAUSES.iter();
        loop {
            let request = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(left.clone()));
            let answer = request.send().await.map_err(|error| QueueError::Aws(Box::new(error.into())))?;
            let failed = answer.failed();
            if failed.is_empty() {
                return Ok(());
            }
            let ours = failed.iter().any(BatchResultErrorEntry::sender_fault);
            let Some(pause) = pauses.next().filter(|_| !ours) else { return Err(QueueError::Refused(failed.len())) };
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            left.retain(|entry| failed.iter().any(|failed| failed.id() == entry.id()));
        }
    }
}
