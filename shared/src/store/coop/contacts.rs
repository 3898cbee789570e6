//! The outbox of Brevo: whose contact has to be told, until it was.
//!
//! One item a user: what is told is read when it is, so a second reason to tell adds nothing but a new `reason`, which
//! keeps the item there when the call for the first one succeeds.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::coop::contact::ToldContact;
use domain::instant;

/// A contact is swept only after this: by then its message has been taken, or was never sent.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A user whose contact Brevo has to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingContact {
    /// Id of the user.
    pub user: Uuid,
    /// Another one for each commit that concerns Brevo.
    pub reason: Uuid,
    /// Calls that failed.
    pub attempts: u32,
}

/// A contact that an index says is due.
#[derive(Clone, Copy, Debug)]
pub struct DueContact {
    /// Id of the user.
    pub user: Uuid,
    /// Since when.
    pub due_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PendingItem {
    #[serde(flatten)]
    pending: PendingContact,
    due: String,
    #[serde(with = "instant")]
    due_at: DateTime<Utc>,
}

impl CoopStore {
    /// Adds a contact to be told.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_pending_contact(
        &self,
        transaction: &mut Transaction,
        pending: &PendingContact,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let item = PendingItem { pending: pending.clone(), due: keys::DUE_CONTACTS.to_owned(), due_at: now + GRACE };
        self.put(transaction, &keys::contact(pending.user), &item, &Guard::None)
    }

    /// The contact of a user still to be told.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn pending_contact(&self, user: Uuid) -> Result<Option<PendingContact>, StoreError> {
        Ok(self.get::<PendingItem>(&keys::contact(user)).await?.map(|item| item.pending))
    }

    /// What Brevo may have been told of a user.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn told_contact(&self, user: Uuid) -> Result<ToldContact, StoreError> {
        Ok(self.get(&keys::told(user)).await?.unwrap_or_default())
    }

    /// Notes what Brevo may have been told of a user.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn note_told_contact(&self, user: Uuid, told: &ToldContact) -> Result<(), StoreError> {
        if told.emails.is_empty() {
            return self.delete_now(&keys::told(user)).await;
        }
        unless_raced(self.put_now(&keys::told(user), told, &Guard::None).await).map(drop)
    }

    /// Adds what Brevo may have been told of a user.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_told_contact(
        &self,
        transaction: &mut Transaction,
        user: Uuid,
        told: &ToldContact,
    ) -> Result<(), StoreError> {
        self.put(transaction, &keys::told(user), told, &Guard::None)
    }

    /// Removes a contact that was told, or given up.
    ///
    /// # Errors
    /// [`CommitError::Race`] when there is another reason by now.
    pub async fn remove_pending_contact(&self, pending: &PendingContact) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        let same = Guard::is("reason", pending.reason);
        self.delete(&mut transaction, &keys::contact(pending.user), &same)?;
        self.commit(transaction).await
    }

    /// Counts a call that failed, and has the next one made at `due_at`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody else dealt with it.
    pub async fn retry_contact(&self, pending: &PendingContact, due_at: DateTime<Utc>) -> Result<(), CommitError> {
        let unchanged = Guard::is("reason", pending.reason).and(Guard::is("attempts", pending.attempts));
        let update = self.update(&keys::contact(pending.user)).set("attempts", pending.attempts + 1);
        update.set(keys::DUE.sort, due_at).when(unchanged).once().send().await
    }

    /// Leaves a contact that is due to the message about to be sent for it, until `until`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is not due any more: the index that said so lags, or another sweep has taken it.
    pub async fn lease_contact(&self, due: &DueContact, until: DateTime<Utc>) -> Result<(), CommitError> {
        let update = self.update(&keys::contact(due.user)).set(keys::DUE.sort, until);
        update.when(Guard::is(keys::DUE.sort, due.due_at)).once().send().await
    }

    /// The contacts that are due, the longest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn due_contacts(&self, now: DateTime<Utc>, limit: i32) -> Result<Vec<DueContact>, StoreError> {
        let page = self.query_index(keys::DUE, keys::DUE_CONTACTS).up_to(instant::text(now)).page(limit).await?;
        let due = |item: &Item| {
            let due_at = instant::parse(item.text(keys::DUE.sort)?)?;
            Some(DueContact { user: keys::user_of_contact(item.pk())?, due_at })
        };
        Ok(page.items.iter().filter_map(due).collect())
    }

    /// When the sweep may look at a contact again whose message it has just sent.
    #[must_use]
    pub fn after_sweep(now: DateTime<Utc>) -> DateTime<Utc> {
        now + GRACE
    }
}
