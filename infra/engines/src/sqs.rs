//! SQS: standard queues in memory, recorded in a journal.
//!
//! Behaves as AWS does at its worst, so that code which passes here holds there: a message may come again
//! until it is deleted with the handle of its *last* receive, and order is fair between groups rather than
//! first in, first out. FIFO queues are not part of it.
//!
//! Time is the injected clock's. A long poll also waits in real time, and looks at the clock again
//! whenever a message arrives or a delay should have ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use self::message::{Content, Delivery};
use self::naming::Receipt;
use self::queue::{Messages, Order};
use self::settings::{Attributes, Settings};
use super::journal::{Changes, Journal, Record};
use super::wire::{WireAnswer, WireError, read};

mod batch;
mod errors;
mod message;
mod naming;
mod queue;
mod queues;
mod receive;
mod send;
mod settings;
mod visibility;

/// The SQS engine.
pub(super) struct Sqs {
    clock: Clock,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

struct State {
    journal: Arc<Journal>,
    queues: BTreeMap<String, Queue>,
    next_sequence: u64,
}

/// A queue: its settings, its messages, and who waits for some.
struct Queue {
    name: String,
    settings: Settings,
    messages: Messages,
    created_at: i64,
    modified_at: i64,
    arrivals: Arc<Notify>,
}

/// A queue as it is recorded.
#[derive(Serialize, Deserialize)]
struct QueueRecord {
    attributes: Attributes,
    created_at: i64,
    modified_at: i64,
}

impl Sqs {
    /// An engine with the queues and messages found in the journal's records.
    ///
    /// # Errors
    /// When a record is not one of ours; the text names it.
    pub(super) fn open(clock: Clock, journal: Arc<Journal>, records: &[Record]) -> Result<Self, String> {
        let state = State::restore(Arc::clone(&journal), records, clock.now().timestamp_millis())?;
        Ok(Self { clock, journal, state: Mutex::new(state) })
    }

    /// Answers one operation.
    pub(super) async fn call(&self, operation: &str, body: Bytes) -> WireAnswer {
        match operation {
            "ChangeMessageVisibility" => answer(&body, |input| self.change_visibility(input)).await,
            "CreateQueue" => answer(&body, |input| self.create_queue(input)).await,
            "DeleteMessage" => answer(&body, |input| self.delete_message(input)).await,
            "DeleteMessageBatch" => answer(&body, |input| self.delete_message_batch(input)).await,
            "DeleteQueue" => answer(&body, |input| self.delete_queue(input)).await,
            "GetQueueAttributes" => answer(&body, |input| self.get_queue_attributes(input)).await,
            "GetQueueUrl" => answer(&body, |input| self.get_queue_url(input)).await,
            "ListQueues" => answer(&body, |input| self.list_queues(input)).await,
            "ReceiveMessage" => answer(&body, |input| self.receive_message(input, Order::Fair)).await,
            "SendMessage" => answer(&body, |input| self.send_message(input)).await,
            "SendMessageBatch" => answer(&body, |input| self.send_message_batch(input)).await,
            "SetQueueAttributes" => answer(&body, |input| self.set_queue_attributes(input)).await,
            "StartMessageMoveTask" => answer(&body, |input| self.start_message_move_task(input)).await,
            _ => WireError::unknown_operation(operation).into(),
        }
    }

    /// Answers a `ReceiveMessage` with the last messages first: a standard queue promises no order.
    pub(super) async fn receive_last_first(&self, body: &[u8]) -> WireAnswer {
        answer(body, |input| self.receive_message(input, Order::LastFirst)).await
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer<I, O, F>(body: &[u8], operation: impl FnOnce(I) -> F) -> WireAnswer
where
    I: serde::de::DeserializeOwned,
    O: Serialize,
    F: Future<Output = Result<O, WireError>>,
{
    match read(body) {
        Ok(input) => WireAnswer::from_result(operation(input).await),
        Err(error) => error.into(),
    }
}

impl State {
    /// The queue at this URL, brought up to `now`.
    fn queue_at(&mut self, url: &str, now: i64) -> Result<&mut Queue, WireError> {
        let queue = self.queues.get_mut(naming::name_in_url(url)).ok_or_else(errors::queue_does_not_exist)?;
        let mut changes = self.journal.changes();
        for sequence in queue.messages.settle(&queue.settings, now) {
            queue.forget(sequence, &mut changes);
        }
        // Nobody waits for this: what a crash loses of it expires again after the restart.
        let _ = self.journal.record(changes);
        Ok(queue)
    }

    fn sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// Moves a message, already out of its queue, into another one and wakes who waits there.
    fn deliver(&mut self, target: &str, content: Content, delivery: Delivery, now: i64, changes: &mut Changes) {
        let sequence = self.sequence();
        if let Some(queue) = self.queues.get_mut(target) {
            changes.put(|| queue.message_key(sequence), &content);
            changes.put(|| queue.delivery_key(sequence), &delivery);
            queue.messages.add(sequence, content, delivery, now, now);
            queue.arrivals.notify_waiters();
        }
    }

    fn restore(journal: Arc<Journal>, records: &[Record], now: i64) -> Result<Self, String> {
        let mut state = Self { journal, queues: BTreeMap::new(), next_sequence: 0 };
        let mut contents = Vec::new();
        let mut deliveries = BTreeMap::new();
        for (key, value) in records {
            let mut parts = key.split('/');
            let (kind, name, rest) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
            let sequence = || rest.and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| format!("clé {key}"));
            match kind {
                Some("queue") => {
                    let record: QueueRecord = restored(key, value)?;
                    state.queues.insert(name.to_owned(), Queue::from_record(name, record)?);
                }
                Some("message") => contents.push((name, sequence()?, restored::<Content>(key, value)?)),
                Some("delivery") => {
                    deliveries.insert((name, sequence()?), restored::<Delivery>(key, value)?);
                }
                _ => {}
            }
        }
        for (name, sequence, content) in contents {
            let delivery = deliveries.remove(&(name, sequence)).unwrap_or_default();
            let visible_at = delivery.visible_at.unwrap_or(content.available_at);
            let queue = state.queues.get_mut(name).ok_or_else(|| format!("file {name} absente"))?;
            queue.messages.add(sequence, content, delivery, visible_at, now);
            state.next_sequence = state.next_sequence.max(sequence);
        }
        Ok(state)
    }
}

impl Queue {
    fn new(name: &str, settings: Settings, now: i64) -> Self {
        Self {
            name: name.to_owned(),
            settings,
            messages: Messages::default(),
            created_at: now,
            modified_at: now,
            arrivals: Arc::default(),
        }
    }

    fn from_record(name: &str, record: QueueRecord) -> Result<Self, String> {
        let settings = Settings::read(record.attributes).map_err(|error| format!("file {name} : {}", error.message))?;
        Ok(Self { modified_at: record.modified_at, ..Self::new(name, settings, record.created_at) })
    }

    fn save(&self, changes: &mut Changes) {
        let record = QueueRecord {
            attributes: self.settings.given().clone(),
            created_at: self.created_at,
            modified_at: self.modified_at,
        };
        changes.put(|| self.key(), &record);
    }

    /// Removes the records of a message that is no longer in the queue.
    fn forget(&self, sequence: u64, changes: &mut Changes) {
        changes.delete(|| self.message_key(sequence));
        changes.delete(|| self.delivery_key(sequence));
    }

    /// The message that `handle` was given for, unless it is gone or was received again since: AWS does
    /// not promise to heed an older handle, so it is never heeded here.
    fn held_by(&self, handle: &str) -> Result<Option<u64>, WireError> {
        let receipt = Receipt::read(handle)
            .filter(|receipt| receipt.queue == self.name)
            .ok_or_else(errors::receipt_handle_is_invalid)?;
        Ok(self
            .messages
            .get(receipt.sequence)
            .filter(|message| message.content.id == receipt.message_id)
            .filter(|message| message.delivery.receive_count == receipt.receive_count)
            .map(|_| receipt.sequence))
    }

    fn key(&self) -> String {
        format!("queue/{}", self.name)
    }

    fn message_key(&self, sequence: u64) -> String {
        format!("message/{}/{sequence:020}", self.name)
    }

    fn delivery_key(&self, sequence: u64) -> String {
        format!("delivery/{}/{sequence:020}", self.name)
    }
}

fn restored<T: serde::de::DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, String> {
    serde_json::from_slice(value).map_err(|error| format!("{key} : {error}"))
}
