//! What is stored of a person, found and taken out: events, answers of receivers, kept answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::idempotency::RecordItem;
use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::item::{Item, ItemKey};
use crate::store::table::attribute;
use domain::communs::event::{Event, redact};
use domain::communs::project::ProjectId;
use domain::webhooks::subscription::WebhookId;

/// The data of an event in its stored form.
#[derive(Serialize, Deserialize)]
pub(super) struct Data(#[serde(with = "crate::store::deflated")] pub(super) Value);

/// A kept answer without the person, if it names the one `is_person` recognises.
pub(super) fn redact_answer(answer: &str, is_person: impl Fn(&str) -> bool) -> Option<String> {
    let mut answer: Value = serde_json::from_str(answer).ok()?;
    redact(answer.get_mut("porteur")?, is_person).then(|| answer.to_string())
}

impl CommunsStore {
    /// Replaces the body of a stored event by its redacted form.
    ///
    /// # Errors
    /// When DynamoDB fails; an event that expired meanwhile is none.
    pub async fn redact_event(&self, redacted: &Event) -> Result<(), StoreError> {
        let data = attribute(&Data(redacted.data.clone()))?;
        let update = self.update(&keys::event(&redacted.id)).set("event.data", data);
        unless_raced(update.when(Guard::Present).send().await)?;
        Ok(())
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
        let update = self.update(&keys::delivery(webhook, &event.id)).set("attempts", attribute(&attempts)?);
        update.when(Guard::is("attemptCount", delivery.attempt_count)).send().await?;
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
                redacted += usize::from(self.redact_traced_answer(&trace, &is_person).await?);
                self.delete_now(&trace).await?;
            }
        }
        Ok(redacted)
    }

    async fn redact_traced_answer(
        &self,
        trace: &ItemKey,
        is_person: impl Fn(&str) -> bool,
    ) -> Result<bool, StoreError> {
        let key = keys::traced_answer(&trace.sk);
        let Some(item) = self.get::<RecordItem>(&key).await? else { return Ok(false) };
        let Some(answer) = redact_answer(&item.record.answer, is_person) else { return Ok(false) };
        let update = self.update(&key).set("answer", answer);
        Ok(unless_raced(update.when(Guard::Present).send().await)?.is_some())
    }

    async fn answer_traces(&self, hash: &PersonHash) -> Result<Vec<ItemKey>, StoreError> {
        let traces = self.query(keys::person_partition(hash)).prefix(keys::ANSWER_TRACE_PREFIX).all().await?;
        Ok(traces.iter().map(Item::key).collect())
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
}
