//! Queues themselves: creating, finding, describing, and moving dead letters back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::message::{Content, Delivery};
use super::settings::{Attributes, Settings};
use super::visibility::Nothing;
use super::{Queue, Sqs, State, errors, naming};
use crate::wire::WireError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AboutQueue {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMessageMoveTask {
    source_arn: String,
    destination_arn: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrl {
    queue_url: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueUrls {
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueAttributes {
    attributes: Attributes,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MoveTask {
    task_handle: String,
}

impl Sqs {
    pub(super) async fn create_queue(&self, input: CreateQueue) -> Result<QueueUrl, WireError> {
        let name = input.queue_name;
        if !naming::is_queue_name(&name) {
            return Err(errors::invalid_parameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
            ));
        }
        let settings = Settings::read(input.attributes)?;
        let mut changes = self.journal.changes();
        let durable = {
            let mut state = self.lock();
            match state.queues.get(&name) {
                Some(queue) if queue.settings.agrees_with(&settings) => {}
                Some(_) => return Err(errors::queue_name_exists(&name)),
                None => {
                    state.check_redrive(&settings)?;
                    let queue = Queue::new(&name, settings, self.now());
                    queue.save(&mut changes);
                    state.queues.insert(name.clone(), queue);
                }
            }
            self.journal.record(changes)
        };
        durable.wait().await?;
        Ok(QueueUrl { queue_url: naming::url(&name) })
    }

    pub(super) async fn get_queue_url(&self, input: GetQueueUrl) -> Result<QueueUrl, WireError> {
        if !self.lock().queues.contains_key(&input.queue_name) {
            return Err(errors::queue_does_not_exist());
        }
        Ok(QueueUrl { queue_url: naming::url(&input.queue_name) })
    }

    pub(super) async fn list_queues(&self, input: ListQueues) -> Result<QueueUrls, WireError> {
        let most = input.max_results.unwrap_or(1_000).min(1_000);
        let state = self.lock();
        let mut names = state
            .queues
            .keys()
            .filter(|name| name.starts_with(&input.queue_name_prefix))
            .filter(|name| input.next_token.as_ref().is_none_or(|last| *name > last));
        let page: Vec<&String> = names.by_ref().take(most).collect();
        let next_token = names.next().and_then(|_| page.last().map(ToString::to_string));
        Ok(QueueUrls { queue_urls: page.iter().map(|name| naming::url(name)).collect(), next_token })
    }

    pub(super) async fn get_queue_attributes(&self, input: AboutQueue) -> Result<QueueAttributes, WireError> {
        let mut state = self.lock();
        let queue = state.queue_at(&input.queue_url, self.now())?;
        let mut all = queue.settings.shown();
        all.extend(queue.measured());
        let wants_all = input.attribute_names.iter().any(|name| name == "All");
        if !wants_all && let Some(unknown) = input.attribute_names.iter().find(|name| !is_readable(name, &all)) {
            return Err(errors::invalid_attribute_name(unknown));
        }
        all.retain(|name, _| wants_all || input.attribute_names.contains(name));
        Ok(QueueAttributes { attributes: all })
    }

    pub(super) async fn set_queue_attributes(&self, input: AboutQueue) -> Result<Nothing, WireError> {
        let mut changes = self.journal.changes();
        let durable = {
            let mut state = self.lock();
            let now = self.now();
            let settings = state.queue_at(&input.queue_url, now)?.settings.changed(input.attributes)?;
            state.check_redrive(&settings)?;
            let queue = state.queue_at(&input.queue_url, now)?;
            queue.settings = settings;
            queue.modified_at = now;
            queue.save(&mut changes);
            self.journal.record(changes)
        };
        durable.wait().await?;
        Ok(Nothing {})
    }

    pub(super) async fn delete_queue(&self, input: AboutQueue) -> Result<Nothing, WireError> {
        let mut changes = self.journal.changes();
        let durable = {
            let mut state = self.lock();
            let name = naming::name_in_url(&input.queue_url);
            let queue = state.queues.remove(name).ok_or_else(errors::queue_does_not_exist)?;
            for sequence in queue.messages.sequences() {
                queue.forget(sequence, &mut changes);
            }
            changes.delete(|| queue.key());
            queue.arrivals.notify_waiters();
            self.journal.record(changes)
        };
        durable.wait().await?;
        Ok(Nothing {})
    }

    /// Moves the ready messages of a dead-letter queue at once, each as a new message, to the given queue
    /// or to the one it came from.
    pub(super) async fn start_message_move_task(&self, input: StartMessageMoveTask) -> Result<MoveTask, WireError> {
        let mut changes = self.journal.changes();
        let durable = {
            let mut state = self.lock();
            let now = self.now();
            let source = naming::name_in_arn(&input.source_arn).unwrap_or_default().to_owned();
            if !state.is_dead_letter_queue(&source) {
                return Err(errors::resource_not_found());
            }
            let destination = input.destination_arn.as_deref().and_then(naming::name_in_arn);
            if let Some(name) = destination
                && !state.queues.contains_key(name)
            {
                return Err(errors::resource_not_found());
            }
            let known: BTreeSet<String> = state.queues.keys().cloned().collect();
            let queue = state.queue_at(&source, now)?;
            let mut moved = Vec::new();
            for sequence in queue.messages.sequences() {
                let Some(message) = queue.messages.get(sequence).filter(|message| message.is_ready()) else { continue };
                let origin = message.content.dead_letter_source.as_deref().and_then(naming::name_in_arn);
                // A message whose queue is gone stays where it is.
                if let Some(target) = destination.or(origin).and_then(|name| known.get(name)).cloned()
                    && let Some(message) = queue.messages.remove(sequence)
                {
                    queue.forget(sequence, &mut changes);
                    moved.push((target, message.content));
                }
            }
            for (target, content) in moved {
                let id = Uuid::new_v4().to_string();
                let content = Content { id, sent_at: now, available_at: now, dead_letter_source: None, ..content };
                state.deliver(&target, content, Delivery::default(), now, &mut changes);
            }
            self.journal.record(changes)
        };
        durable.wait().await?;
        Ok(MoveTask { task_handle: Uuid::new_v4().to_string() })
    }
}

impl State {
    fn check_redrive(&self, settings: &Settings) -> Result<(), WireError> {
        match &settings.redrive {
            Some(redrive) if !self.queues.contains_key(&redrive.target) => Err(errors::invalid_parameter(
                "Value for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
            )),
            _ => Ok(()),
        }
    }

    fn is_dead_letter_queue(&self, name: &str) -> bool {
        self.queues.contains_key(name)
            && self
                .queues
                .values()
                .any(|queue| queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.target == name))
    }
}

impl Queue {
    /// The attributes that the engine keeps.
    fn measured(&self) -> BTreeMap<String, String> {
        let counts = self.messages.counts();
        [
            ("ApproximateNumberOfMessages", counts.ready.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("CreatedTimestamp", (self.created_at / 1_000).to_string()),
            ("LastModifiedTimestamp", (self.modified_at / 1_000).to_string()),
            ("QueueArn", naming::arn(&self.name)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

/// Attributes that were never set are known all the same: they are left out of the answer.
fn is_readable(name: &str, present: &Attributes) -> bool {
    present.contains_key(name)
        || matches!(
            name,
            "Policy" | "RedrivePolicy" | "RedriveAllowPolicy" | "KmsMasterKeyId" | "KmsDataKeyReusePeriodSeconds"
        )
}
