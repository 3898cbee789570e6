//! Receiving: whose turn it is, what is shown of a message, and long polls.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::message::{Content, MessageAttributes, md5_of_attributes};
use super::naming::{self, Receipt};
use super::queue::{Message, Order};
use super::{Queue, Sqs, State, errors};
use crate::ACCOUNT;
use crate::journal::Changes;
use crate::wire::WireError;

/// Most messages of a standard queue that may be in flight.
const IN_FLIGHT_LIMIT: usize = 120_000;

/// How often a long poll looks at the clock again while a message is hidden: an injected clock may jump.
const CLOCK_CHECK: Duration = Duration::from_millis(200);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Shown>,
}

/// A message as its consumer sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    message_id: String,
    receipt_handle: String,
    body: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: MessageAttributes,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
}

impl Sqs {
    pub(super) async fn receive_message(&self, input: ReceiveMessage, order: Order) -> Result<Received, WireError> {
        input.check()?;
        let (arrivals, default_wait) = {
            let mut state = self.lock();
            let queue = state.queue_at(&input.queue_url, self.now())?;
            (std::sync::Arc::clone(&queue.arrivals), queue.settings.wait_seconds)
        };
        let wait = u64::try_from(input.wait_time_seconds.unwrap_or(default_wait)).unwrap_or_default();
        let deadline = Instant::now() + Duration::from_secs(wait);
        loop {
            // Listening begins before looking, so that no arrival falls in between.
            let mut arrival = pin!(arrivals.notified());
            arrival.as_mut().enable();
            let (messages, next_visible_in) = self.receive_now(&input, order)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(Received { messages });
            }
            let pause = next_visible_in.map_or(left, |hidden_for| hidden_for.min(CLOCK_CHECK).min(left));
            tokio::select! {
                () = arrival => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// What can be received at once, and otherwise how long until a hidden message shows.
    fn receive_now(&self, input: &ReceiveMessage, order: Order) -> Result<(Vec<Shown>, Option<Duration>), WireError> {
        let mut changes = self.journal.changes();
        let mut state = self.lock();
        let now = self.now();
        let messages = state.receive(input, order, now, &mut changes)?;
        let hidden_until = state.queue_at(&input.queue_url, now)?.messages.next_visible_at();
        // Nobody waits for this: what a crash loses of it is a count, and the message comes again.
        let _ = self.journal.record(changes);
        let hidden_for = hidden_until.and_then(|until| u64::try_from(until - now).ok());
        Ok((messages, hidden_for.map(|milliseconds| Duration::from_millis(milliseconds.max(1)))))
    }
}

impl State {
    fn receive(
        &mut self,
        input: &ReceiveMessage,
        order: Order,
        now: i64,
        changes: &mut Changes,
    ) -> Result<Vec<Shown>, WireError> {
        let queue = self.queue_at(&input.queue_url, now)?;
        let name = queue.name.clone();
        let redrive = queue.settings.redrive.clone();
        let redrive = redrive.filter(|redrive| self.queues.contains_key(&redrive.target));
        let most = usize::try_from(input.max_number_of_messages.unwrap_or(1)).unwrap_or(1);
        let mut shown = Vec::new();
        while shown.len() < most {
            let Some(queue) = self.queues.get_mut(&name) else { break };
            let Some(sequence) = queue.messages.next(order) else { break };
            let received = queue.messages.get(sequence).map_or(0, |message| message.delivery.receive_count);
            match &redrive {
                Some(redrive) if received >= redrive.max_receive_count => {
                    let dead = queue.messages.remove(sequence);
                    queue.forget(sequence, changes);
                    if let Some(Message { content, delivery, .. }) = dead {
                        let content = Content { dead_letter_source: Some(naming::arn(&name)), ..content };
                        self.deliver(&redrive.target, content, delivery, now, changes);
                    }
                }
                _ => shown.extend(queue.show(sequence, input, now, changes)?),
            }
        }
        Ok(shown)
    }
}

impl Queue {
    fn show(
        &mut self,
        sequence: u64,
        input: &ReceiveMessage,
        now: i64,
        changes: &mut Changes,
    ) -> Result<Option<Shown>, WireError> {
        if self.messages.counts().in_flight >= IN_FLIGHT_LIMIT {
            return Err(errors::over_limit(IN_FLIGHT_LIMIT));
        }
        let visibility = input.visibility_timeout.unwrap_or(self.settings.visibility_seconds);
        let Some(message) = self.messages.receive(sequence, now, now + visibility * 1_000) else { return Ok(None) };
        let receipt = Receipt {
            queue: self.name.clone(),
            sequence,
            receive_count: message.delivery.receive_count,
            message_id: message.content.id.clone(),
        };
        let shown = input.show(message, receipt.handle());
        changes.put(|| format!("delivery/{}/{sequence:020}", self.name), &message.delivery);
        Ok(Some(shown))
    }
}

impl ReceiveMessage {
    fn check(&self) -> Result<(), WireError> {
        for (name, value, least, most) in [
            ("MaxNumberOfMessages", self.max_number_of_messages, 1, 10),
            ("VisibilityTimeout", self.visibility_timeout, 0, 43_200),
            ("WaitTimeSeconds", self.wait_time_seconds, 0, 20),
        ] {
            if let Some(value) = value
                && !(least..=most).contains(&value)
            {
                return Err(errors::out_of_range(name, value, least, most));
            }
        }
        Ok(())
    }

    fn show(&self, message: &Message, receipt_handle: String) -> Shown {
        let Message { content, delivery, .. } = message;
        let message_attributes: MessageAttributes = content
            .attributes
            .iter()
            .filter(|(name, _)| self.wants_message_attribute(name))
            .map(|(name, attribute)| (name.clone(), attribute.clone()))
            .collect();
        let system = [
            ("SenderId", Some(ACCOUNT.to_owned())),
            ("SentTimestamp", Some(content.sent_at.to_string())),
            ("ApproximateReceiveCount", Some(delivery.receive_count.to_string())),
            ("ApproximateFirstReceiveTimestamp", delivery.first_received_at.map(|at| at.to_string())),
            ("MessageGroupId", content.group.clone()),
            ("AWSTraceHeader", content.trace_header.clone()),
            ("DeadLetterQueueSourceArn", content.dead_letter_source.clone()),
        ];
        Shown {
            message_id: content.id.clone(),
            receipt_handle,
            body: content.body.clone(),
            md5_of_body: content.body_md5.clone(),
            attributes: system
                .into_iter()
                .filter(|(name, _)| self.wants_attribute(name))
                .filter_map(|(name, value)| value.map(|value| (name, value)))
                .collect(),
            md5_of_message_attributes: md5_of_attributes(&message_attributes),
            message_attributes,
        }
    }

    fn wants_attribute(&self, name: &str) -> bool {
        self.attribute_names
            .iter()
            .chain(&self.message_system_attribute_names)
            .any(|wanted| wanted == "All" || wanted == name)
    }

    /// `All`, `.*`, a name, or a prefix followed by `.*`.
    fn wants_message_attribute(&self, name: &str) -> bool {
        self.message_attribute_names.iter().any(|wanted| {
            wanted == "All"
                || wanted == name
                || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
        })
    }
}
