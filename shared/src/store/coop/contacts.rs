//! The outbox of Brevo: whose contact has to be told, until it was.
//!
//! One item a user: what is told is read when it is, so a second reason to tell adds nothing but a new `reason`, which
//! keeps the item there when the call for the first one succeeds.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::instant;

/// A contact is swept only after this: by then its message has been taken, or was never sent.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A contact to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owed {
    /// Whose.
    pub user: Uuid,
    /// What was committed with it: another id, another reason.
    pub reason: Uuid,
    /// Calls that failed.
    pub attempts: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwedItem {
    #[serde(flatten)]
    owed: Owed,
    due: String,
    #[serde(with = "instant")]
    due_at: DateTime<Utc>,
}

impl CoopStore {
    /// Adds a contact to be told.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn owe_contact(
        &self,
        transaction: &mut Transaction,
        owed: &Owed,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let item = OwedItem { owed: owed.clone(), due: keys::DUE_CONTACTS.to_owned(), due_at: now + GRACE };
        self.put(transaction, &keys::contact(owed.user), &item, &Guard::None)
    }

    /// The contact of a user still to be told.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn owed_contact(&self, user: Uuid) -> Result<Option<Owed>, StoreError> {
        Ok(self.get::<OwedItem>(&keys::contact(user)).await?.map(|item| item.owed))
    }

    /// Removes a contact that was told, unless there is another reason by now.
    ///
    /// # Errors
    /// [`CommitError::Race`] when there is.
    pub async fn settle_contact(&self, owed: &Owed) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        let same = Guard::is("reason", owed.reason);
        self.delete(&mut transaction, &keys::contact(owed.user), &same)?;
        self.commit(transaction).await
    }

    /// Puts a contact off: to `due_at`, with one more failed call where `failed`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody else dealt with it.
    pub async fn postpone_contact(&self, owed: &Owed, failed: bool, due_at: DateTime<Utc>) -> Result<(), CommitError> {
        let seen = Guard::is("reason", owed.reason).and(Guard::is("attempts", owed.attempts));
        let update = self.update(&keys::contact(owed.user)).set("attempts", owed.attempts + u32::from(failed));
        update.set(keys::DUE.sort, due_at).when(seen).send().await
    }

    /// The users whose contact is due, the longest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn due_contacts(&self, now: DateTime<Utc>, limit: i32) -> Result<Vec<Uuid>, StoreError> {
        let due = self.query_index(keys::DUE, keys::DUE_CONTACTS).up_to(instant::text(now));
        Ok(due.page(limit).await?.items.iter().filter_map(|item| keys::user_of_contact(item.pk())).collect())
    }

    /// When the sweep may look at a contact again whose message it has just sent.
    #[must_use]
    pub fn after_sweep(now: DateTime<Utc>) -> DateTime<Utc> {
        now + GRACE
    }
}
