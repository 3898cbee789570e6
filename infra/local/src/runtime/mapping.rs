//! Event source mappings: messages of a queue handed to a function in batches.
//!
//! A message is deleted only after the function took it. What the function reports as failed, and the whole batch
//! when it errs, panics, hangs or answers something unusable, stays in the queue and comes back after the
//! visibility timeout; the redrive policy ends that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use sam_template::QueueSource;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::sqs_event::sqs_event;
use super::{BatchHandler, Fate};

/// Lambda's long poll.
const LONG_POLL: Duration = Duration::from_secs(20);
/// How long to wait after a receive that failed.
const AFTER_ERROR: Duration = Duration::from_millis(500);
/// Invocations at a time where the template sets no limit.
const DEFAULT_CONCURRENCY: usize = 100;

/// One queue feeding one function. Cheap to clone.
#[derive(Clone)]
pub struct Mapping {
    client: Client,
    feed: Arc<Feed>,
}

/// What a mapping connects.
pub struct Feed {
    /// Logical id of the function, for logs.
    pub name: String,
    /// The queue.
    pub queue_url: String,
    /// The queue, as named in events.
    pub queue_arn: String,
    /// Region named in events.
    pub region: String,
    /// Batch size, window, concurrency.
    pub source: QueueSource,
    /// The function.
    pub function: BatchHandler,
    /// How long one invocation may run.
    pub limit: Duration,
    /// What may befall it.
    pub fate: Fate,
}

/// The queue could not be read.
#[derive(Debug, thiserror::Error)]
#[error("lecture de la file {queue} impossible : {detail}")]
pub struct MappingError {
    queue: String,
    detail: String,
}

impl Mapping {
    /// Connects a queue to a function; nothing is read yet.
    pub fn new(client: Client, feed: Feed) -> Self {
        Self { client, feed: Arc::new(feed) }
    }

    /// Hands over everything the queue shows now, batches side by side, and answers how many messages that was.
    /// Messages that appear meanwhile are for the next call.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn drain(&self) -> Result<usize, MappingError> {
        let permits = Arc::new(Semaphore::new(self.concurrency()));
        let mut batches = JoinSet::new();
        let mut count = 0;
        loop {
            let batch = self.receive(Duration::ZERO).await?;
            if batch.is_empty() {
                break;
            }
            count += batch.len();
            let (mapping, permits) = (self.clone(), Arc::clone(&permits));
            batches.spawn(async move {
                let _permit = permits.acquire_owned().await;
                mapping.hand_over(batch).await;
            });
        }
        batches.join_all().await;
        Ok(count)
    }

    /// Reads the queue until `stop` says so, then waits for the batches under way.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let permits = Arc::new(Semaphore::new(self.concurrency()));
        let mut batches = JoinSet::new();
        loop {
            // Finished batches are collected as we go, or the set would grow for ever.
            while batches.try_join_next().is_some() {}
            let next = async {
                let permit = Arc::clone(&permits).acquire_owned().await;
                (permit, self.receive(LONG_POLL).await)
            };
            let (permit, received) = tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => break,
                next = next => next,
            };
            match received {
                Ok(batch) if batch.is_empty() => {}
                Ok(batch) => {
                    let mapping = self.clone();
                    batches.spawn(async move {
                        mapping.hand_over(batch).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::error!(%error, "event source cannot be read");
                    tokio::time::sleep(AFTER_ERROR).await;
                }
            }
        }
        batches.join_all().await;
    }

    fn concurrency(&self) -> usize {
        self.feed.source.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY)
    }

    /// Receives one batch, waiting up to `wait` for its first message and the mapping's window for the others.
    async fn receive(&self, wait: Duration) -> Result<Vec<Message>, MappingError> {
        let size = self.feed.source.batch_size as usize;
        let mut batch = self.receive_up_to(size, wait).await?;
        let window = self.feed.source.window;
        if batch.is_empty() || wait.is_zero() || window.is_zero() {
            return Ok(batch);
        }
        let full_at = Instant::now() + window;
        while batch.len() < size {
            let left = full_at.saturating_duration_since(Instant::now());
            if left < Duration::from_secs(1) {
                // A receive waits whole seconds: what is left is waited for once, then looked at.
                tokio::time::sleep(left).await;
                batch.extend(self.receive_up_to(size - batch.len(), Duration::ZERO).await?);
                break;
            }
            batch.extend(self.receive_up_to(size - batch.len(), left).await?);
        }
        Ok(batch)
    }

    async fn receive_up_to(&self, size: usize, wait: Duration) -> Result<Vec<Message>, MappingError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.feed.queue_url)
            .max_number_of_messages(i32::try_from(size).unwrap_or(10))
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(20).min(20))
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| MappingError {
                queue: self.feed.queue_url.clone(),
                detail: DisplayErrorContext(error).to_string(),
            })?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn hand_over(&self, batch: Vec<Message>) {
        let event = sqs_event(&batch, &self.feed.queue_arn, &self.feed.region);
        let taken = match self.feed.fate.invoke((self.feed.function)(event), self.feed.limit).await {
            Ok(answer) => taken(&batch, &answer, self.feed.source.reports_item_failures),
            Err(error) => {
                tracing::error!(function = self.feed.name, %error, records = batch.len(), "batch failed");
                return;
            }
        };
        if taken.len() < batch.len() {
            let failed = batch.len() - taken.len();
            tracing::warn!(function = self.feed.name, failed, records = batch.len(), "records stay in the queue");
        }
        self.delete(&taken).await;
    }

    async fn delete(&self, messages: &[&Message]) {
        let entries: Vec<_> = messages
            .iter()
            .enumerate()
            .filter_map(|(place, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(place.to_string())
                    .receipt_handle(message.receipt_handle.as_deref()?)
                    .build()
                    .ok()
            })
            .collect();
        if entries.is_empty() {
            return;
        }
        let answer =
            self.client.delete_message_batch().queue_url(&self.feed.queue_url).set_entries(Some(entries)).send().await;
        // Not deleted means delivered again: the guarantee is "at least once".
        match answer {
            Ok(answer) if answer.failed.is_empty() => {}
            Ok(answer) => tracing::warn!(failed = answer.failed.len(), "messages were not deleted"),
            Err(error) => {
                tracing::warn!(error = %DisplayErrorContext(error), "messages were not deleted");
            }
        }
    }
}

/// The messages the function is done with. As on Lambda, an identifier that is empty or not of this batch fails
/// the whole batch.
fn taken<'a>(batch: &'a [Message], answer: &SqsBatchResponse, reports_item_failures: bool) -> Vec<&'a Message> {
    if !reports_item_failures {
        return batch.iter().collect();
    }
    let failed: BTreeSet<&str> =
        answer.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    let ids: BTreeSet<&str> = batch.iter().filter_map(|message| message.message_id.as_deref()).collect();
    if !failed.is_subset(&ids) {
        return Vec::new();
    }
    batch.iter().filter(|message| !failed.contains(message.message_id.as_deref().unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests;
