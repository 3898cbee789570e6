//! The end of a receive: deleting a message, or deciding when it shows again.

use serde::{Deserialize, Serialize};

use super::batch::{self, BatchAnswer, Entry};
use super::{Queue, Sqs, errors};
use crate::journal::Changes;
use crate::wire::WireError;

/// A message stays in flight twelve hours at most, counted from its receive.
const LONGEST_SECONDS: i64 = 43_200;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnQueue<T> {
    queue_url: String,
    #[serde(flatten)]
    value: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entries<T> {
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Deletion {
    receipt_handle: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Postponement {
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

/// Operations that answer nothing.
#[derive(Debug, Serialize)]
pub(super) struct Nothing {}

impl Sqs {
    pub(super) async fn delete_message(&self, input: OnQueue<Deletion>) -> Result<Nothing, WireError> {
        self.on_queue(&input.queue_url, |queue, _, changes| queue.delete(&input.value, changes)).await?
    }

    pub(super) async fn delete_message_batch(
        &self,
        input: OnQueue<Entries<Deletion>>,
    ) -> Result<BatchAnswer<Nothing>, WireError> {
        batch::check_ids(&input.value.entries)?;
        self.on_queue(&input.queue_url, |queue, _, changes| {
            BatchAnswer::of(input.value.entries, |deletion| queue.delete(&deletion, changes))
        })
        .await
    }

    pub(super) async fn change_visibility(&self, input: OnQueue<Postponement>) -> Result<Nothing, WireError> {
        self.on_queue(&input.queue_url, |queue, now, changes| queue.postpone(&input.value, now, changes)).await?
    }

    /// Works on one queue under the lock, then waits until what changed is durable.
    async fn on_queue<T>(
        &self,
        url: &str,
        work: impl FnOnce(&mut Queue, i64, &mut Changes) -> T,
    ) -> Result<T, WireError> {
        let mut changes = self.journal.changes();
        let (result, durable) = {
            let mut state = self.lock();
            let now = self.now();
            let result = work(state.queue_at(url, now)?, now, &mut changes);
            (result, self.journal.record(changes))
        };
        durable.wait().await?;
        Ok(result)
    }
}

impl Queue {
    fn delete(&mut self, input: &Deletion, changes: &mut Changes) -> Result<Nothing, WireError> {
        if let Some(sequence) = self.held_by(&input.receipt_handle)? {
            self.messages.remove(sequence);
            self.forget(sequence, changes);
        }
        Ok(Nothing {})
    }

    fn postpone(&mut self, input: &Postponement, now: i64, changes: &mut Changes) -> Result<Nothing, WireError> {
        let seconds = input.visibility_timeout.ok_or_else(|| errors::missing_parameter("VisibilityTimeout"))?;
        if !(0..=LONGEST_SECONDS).contains(&seconds) {
            return Err(errors::out_of_range("VisibilityTimeout", seconds, 0, LONGEST_SECONDS));
        }
        let sequence = self.held_by(&input.receipt_handle)?.ok_or_else(|| {
            errors::invalid_parameter(format!(
                "Value {} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available \
                 for visibility timeout change.",
                input.receipt_handle
            ))
        })?;
        if !self.messages.get(sequence).is_some_and(super::queue::Message::is_in_flight) {
            return Err(errors::message_not_inflight());
        }
        let key = self.delivery_key(sequence);
        if let Some(message) = self.messages.hide(sequence, now, now + seconds * 1_000) {
            changes.put(|| key, &message.delivery);
        }
        if seconds == 0 {
            self.arrivals.notify_waiters();
        }
        Ok(Nothing {})
    }
}
