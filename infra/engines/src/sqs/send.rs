//! Sending: what AWS accepts as a message, and how one enters its queue.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::batch::{self, BatchAnswer, Entry};
use super::errors;
use super::message::{Content, Delivery, MessageAttributes, md5_of, md5_of_attributes};
use super::settings::MESSAGE_LIMIT;
use super::{Sqs, State};
use crate::journal::Changes;
use crate::wire::WireError;

/// Most message attributes one message carries.
const ATTRIBUTE_LIMIT: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: String,
    #[serde(flatten)]
    outgoing: Outgoing,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessageBatch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry<Outgoing>>,
}

/// What a sender gives for one message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outgoing {
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: MessageAttributes,
    #[serde(default)]
    message_system_attributes: MessageAttributes,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

/// What its sender is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Sent {
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_message_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
}

impl Sqs {
    pub(super) async fn send_message(&self, input: SendMessage) -> Result<Sent, WireError> {
        let mut changes = self.journal.changes();
        let (sent, durable) = {
            let mut state = self.lock();
            let sent = state.send(&input.queue_url, input.outgoing, self.now(), &mut changes)?;
            (sent, self.journal.record(changes))
        };
        durable.wait().await?;
        Ok(sent)
    }

    pub(super) async fn send_message_batch(&self, input: SendMessageBatch) -> Result<BatchAnswer<Sent>, WireError> {
        batch::check_ids(&input.entries)?;
        let size = input.entries.iter().map(|entry| entry.value.size()).sum();
        if size > MESSAGE_LIMIT {
            return Err(errors::batch_too_long(MESSAGE_LIMIT, size));
        }
        let mut changes = self.journal.changes();
        let (answer, durable) = {
            let mut state = self.lock();
            let now = self.now();
            state.queue_at(&input.queue_url, now)?;
            let answer =
                BatchAnswer::of(input.entries, |outgoing| state.send(&input.queue_url, outgoing, now, &mut changes));
            (answer, self.journal.record(changes))
        };
        durable.wait().await?;
        Ok(answer)
    }
}

impl State {
    fn send(&mut self, url: &str, outgoing: Outgoing, now: i64, changes: &mut Changes) -> Result<Sent, WireError> {
        let sequence = self.sequence();
        let queue = self.queue_at(url, now)?;
        outgoing.check(queue.settings.maximum_message_size)?;
        let delay = outgoing.delay_seconds.unwrap_or(queue.settings.delay_seconds);
        let content = outgoing.into_content(now, now + delay * 1_000);
        let sent = Sent {
            message_id: content.id.clone(),
            md5_of_message_body: content.body_md5.clone(),
            md5_of_message_attributes: md5_of_attributes(&content.attributes),
        };
        changes.put(|| queue.message_key(sequence), &content);
        let available_at = content.available_at;
        queue.messages.add(sequence, content, Delivery::default(), available_at, now);
        queue.arrivals.notify_waiters();
        Ok(sent)
    }
}

impl Outgoing {
    fn size(&self) -> usize {
        let attributes: usize = self
            .message_attributes
            .iter()
            .map(|(name, attribute)| {
                let value = attribute.value().map_or(0, |(_, value)| value.len());
                name.len() + attribute.data_type.len() + value
            })
            .sum();
        self.message_body.len() + attributes
    }

    fn check(&self, maximum_size: usize) -> Result<(), WireError> {
        if self.message_body.is_empty() {
            return Err(errors::missing_parameter("MessageBody"));
        }
        if !self.message_body.chars().all(is_allowed) {
            return Err(errors::invalid_message_contents());
        }
        if self.size() > maximum_size {
            return Err(errors::invalid_parameter(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {maximum_size} bytes."
            )));
        }
        if let Some(delay) = self.delay_seconds
            && !(0..=900).contains(&delay)
        {
            return Err(errors::out_of_range("DelaySeconds", delay, 0, 900));
        }
        if self.message_deduplication_id.is_some() {
            return Err(errors::invalid_parameter(
                "The request include parameter MessageDeduplicationId which is not valid for this queue type",
            ));
        }
        if let Some(group) = &self.message_group_id
            && !is_group(group)
        {
            return Err(errors::invalid_parameter(format!(
                "Value {group} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include \
                 alphanumeric and punctuation characters. 1 to 128 in length."
            )));
        }
        self.check_attributes()
    }

    fn check_attributes(&self) -> Result<(), WireError> {
        if self.message_attributes.len() > ATTRIBUTE_LIMIT {
            return Err(errors::invalid_parameter(format!(
                "Number of message attributes [{}] exceeds the allowed maximum [{ATTRIBUTE_LIMIT}].",
                self.message_attributes.len()
            )));
        }
        for (name, attribute) in &self.message_attributes {
            let named = (1..=256).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
            if !named || attribute.value().is_none() {
                return Err(errors::invalid_parameter(format!(
                    "The message attribute '{name}' must have a valid name, type and non-empty value."
                )));
            }
        }
        match self.message_system_attributes.keys().find(|name| *name != "AWSTraceHeader") {
            None => Ok(()),
            Some(name) => Err(errors::invalid_parameter(format!("Message system attribute name '{name}' is invalid."))),
        }
    }

    fn into_content(mut self, sent_at: i64, available_at: i64) -> Content {
        Content {
            id: Uuid::new_v4().to_string(),
            body_md5: md5_of(&self.message_body),
            body: self.message_body,
            attributes: self.message_attributes,
            trace_header: self.message_system_attributes.remove("AWSTraceHeader").and_then(|value| value.string_value),
            group: self.message_group_id,
            sent_at,
            available_at,
            dead_letter_source: None,
        }
    }
}

/// The characters of XML 1.0, the only ones SQS carries.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn is_group(group: &str) -> bool {
    (1..=128).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_graphic())
}
