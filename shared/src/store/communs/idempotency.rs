//! Idempotency records: the answer to a `POST /projects`, kept for 24 h under the caller's `Idempotency-Key`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::identity::person_hash::Person;
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::item::ItemKey;
use crate::store::transaction::Transaction;
use domain::api_key::{Scope, Service};
use domain::communs::project::ProjectId;
use domain::instant;

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TraceItem {
    expires_at: i64,
}

/// A stored answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// SHA-256 of the request's body: the same key with another body is refused.
    pub body_hash: String,
    /// The status answered.
    pub status: u16,
    /// The body answered, as text.
    pub answer: String,
    /// The project it shows.
    pub project: ProjectId,
    /// When it was answered.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RecordItem {
    #[serde(flatten)]
    pub(super) record: Record,
    expires_at: i64,
}

/// Whose an answer is: nobody else is given it.
pub struct Owner<'a> {
    /// The service that asked.
    pub service: &'a Service,
    /// The scope of its key.
    pub scope: Scope,
    /// The user it asked for.
    pub person: Option<&'a Person>,
}

impl Owner<'_> {
    /// Where the answer under `key` may lie: a person's under any hash in use.
    fn keys(&self, key: &str) -> Vec<ItemKey> {
        let place = |person| keys::idempotency(self.service, self.scope, person, key);
        match self.person {
            Some(person) => person.hashes().map(|hash| place(Some(hash))).collect(),
            None => vec![place(None)],
        }
    }
}

impl CommunsStore {
    /// The answer kept under its owner's key, unless its day is over.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn idempotency(
        &self,
        owner: &Owner<'_>,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Record>, StoreError> {
        for record in owner.keys(key) {
            let item: Option<RecordItem> = self.get(&record).await?;
            // TTL deletes late: what has expired is not there any more.
            let kept = item.map(|item| item.record).filter(|record| now < record.at + KEPT);
            if kept.is_some() {
                return Ok(kept);
            }
        }
        Ok(None)
    }

    /// Adds the answer to keep, and the trace by which erasure finds it when it names `porteur`. An expired one still
    /// lying there is replaced.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn keep_answer(
        &self,
        transaction: &mut Transaction,
        owner: &Owner<'_>,
        key: &str,
        record: &Record,
        porteur: Option<&Person>,
    ) -> Result<(), StoreError> {
        let expires_at = (record.at + KEPT).timestamp();
        let person = owner.person.map(|person| &person.current);
        let place = keys::idempotency(owner.service, owner.scope, person, key);
        if let Some(person) = porteur {
            let trace = keys::answer_trace(&person.current, &place);
            self.put(transaction, &trace, &TraceItem { expires_at }, &Guard::None)?;
        }
        let item = RecordItem { record: record.clone(), expires_at };
        let guard = Guard::Absent.or(Guard::is_at_most("expiresAt", record.at.timestamp()));
        self.put(transaction, &place, &item, &guard)
    }
}
