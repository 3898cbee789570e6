//! What is stored of a person, found and taken out: events, answers of receivers, kept answers.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde_json::Value;

use super::idempotency::RecordItem;
use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::{CommitError, StoreError};
use crate::store::table::ItemKey;
use domain::communs::event::{Event, redact};
use domain::communs::project::ProjectId;
use domain::webhooks::subscription::WebhookId;

/// The data of an event in its stored form.
#[derive(Serialize)]
struct Data<'a>(#[serde(serialize_with = "crate::store::deflated::serialize")] &'a Value);

impl CommunsStore {
    /// Replaces the body of a stored event by its redacted form.
    ///
    /// # Errors
    /// When DynamoDB fails; an event that expired meanwhile is none.
    pub async fn redact_event(&self, redacted: &Event) -> Result<(), StoreError> {
        let data = serde_dynamo::to_attribute_value(Data(&redacted.data))?;
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::event(&redacted.id).to_attributes()))
            .update_expression("SET #event.#data = :data")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_names("#event", "event")
            .expression_attribute_names("#data", "data")
            .expression_attribute_values(":data", data)
            .send()
            .await
            .map_err(CommitError::of_write("UpdateItem"));
        match written {
            Ok(_) | Err(CommitError::Race) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    /// Blanks what a receiver answered to an event, which may repeat the event's data; whether there was anything.
    ///
    /// # Errors
    /// [`CommitError::Race`] when the delivery is being attempted: try again.
    pub async fn redact_delivery(&self, webhook: WebhookId, event: &Event) -> Result<bool, CommitError> {
        let Some(delivery) = self.delivery(webhook, &event.id).await? else { return Ok(false) };
        if delivery.attempts.iter().all(|attempt| attempt.answer.is_empty()) {
            return Ok(false);
        }
        let mut attempts = delivery.attempts.clone();
        attempts.iter_mut().for_each(|attempt| attempt.answer.clear());
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::delivery(webhook, &event.id).to_attributes()))
            .update_expression("SET attempts = :attempts")
            .condition_expression("attemptCount = :count")
            .expression_attribute_values(
                ":attempts",
                serde_dynamo::to_attribute_value(attempts).map_err(StoreError::from)?,
            )
            .expression_attribute_values(":count", AttributeValue::N(delivery.attempt_count.to_string()))
            .send()
            .await
            .map_err(CommitError::of_write("UpdateItem"))?;
        Ok(true)
    }

    /// Redacts the kept answers that name a person, and removes what led to them; how many named the person still.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn redact_answers(&self, person: &Person, is_person: impl Fn(&str) -> bool) -> Result<usize, StoreError> {
        let mut redacted = 0;
        for hash in person.hashes() {
            for trace in self.answer_traces(hash).await? {
                redacted += usize::from(self.redact_answer(&trace, &is_person).await?);
                self.delete_now(&trace).await?;
            }
        }
        Ok(redacted)
    }

    async fn redact_answer(&self, trace: &ItemKey, is_person: impl Fn(&str) -> bool) -> Result<bool, StoreError> {
        let key = keys::traced_answer(&trace.sk);
        let Some(item) = self.get::<RecordItem>(&key).await? else { return Ok(false) };
        let Ok(mut answer) = serde_json::from_str::<Value>(&item.record.answer) else { return Ok(false) };
        if !answer.get_mut("porteur").is_some_and(|porteur| redact(porteur, is_person)) {
            return Ok(false);
        }
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .update_expression("SET answer = :answer")
            .expression_attribute_values(":answer", AttributeValue::S(answer.to_string()))
            .send()
            .await
            .map_err(StoreError::aws("UpdateItem"))?;
        Ok(true)
    }

    async fn answer_traces(&self, hash: &PersonHash) -> Result<Vec<ItemKey>, StoreError> {
        let mut traces = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("PK = :person AND begins_with(SK, :traces)")
                .expression_attribute_values(":person", AttributeValue::S(keys::person_partition(hash)))
                .expression_attribute_values(":traces", AttributeValue::S(keys::ANSWER_TRACE_PREFIX.to_owned()))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::aws("Query"))?;
            for item in answer.items.unwrap_or_default() {
                let sk = item.get("SK").and_then(|sk| sk.as_s().ok()).cloned();
                traces.extend(sk.map(|sk| ItemKey { pk: keys::person_partition(hash), sk }));
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(traces);
            }
        }
    }

    /// Removes the last trace of a person on a project, once everything it led to is redacted.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn forget(&self, person: &Person, project: ProjectId) -> Result<(), StoreError> {
        for hash in person.hashes() {
            self.delete_now(&keys::grant(hash, project)).await?;
        }
        Ok(())
    }

    async fn delete_now(&self, key: &ItemKey) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .send()
            .await
            .map_err(StoreError::aws("DeleteItem"))?;
        Ok(())
    }
}
