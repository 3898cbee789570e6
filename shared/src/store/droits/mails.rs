//! The outbox of mails: written with what they announce, removed once they were sent.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::instant;

/// A mail is swept only after this: by then its message has been taken, or was never sent.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum MailContent {
    /// A code of the second factor.
    #[serde(rename_all = "camelCase")]
    Code {
        /// Sealed, and bound to the mail's id.
        sealed_code: String,
    },
    /// A link to create an account, if there is a complete request for one.
    SignupLink,
    /// A link to choose another password, if there is an account.
    PasswordReset,
    /// The deletion of an account nobody uses, unless its person signs in.
    #[serde(rename_all = "camelCase")]
    DeletionNotice {
        /// When it comes.
        #[serde(with = "instant")]
        deletion_at: DateTime<Utc>,
    },
}

/// A mail to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its id.
    pub id: Uuid,
    /// Whom it is for.
    pub to: String,
    /// What it says.
    #[serde(flatten)]
    pub content: MailContent,
    /// What it says is worth nothing after this.
    #[serde(with = "instant")]
    pub good_until: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    #[serde(flatten)]
    mail: Mail,
    due: String,
    #[serde(with = "instant")]
    due_at: DateTime<Utc>,
    expires_at: i64,
}

impl DroitsStore {
    /// Adds a mail to send.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn add_mail(&self, transaction: &mut Transaction, mail: &Mail, now: DateTime<Utc>) -> Result<(), StoreError> {
        let item = Item {
            mail: mail.clone(),
            due: keys::DUE_MAILS.to_owned(),
            due_at: now + GRACE,
            expires_at: (mail.good_until + TimeDelta::hours(1)).timestamp(),
        };
        self.put(transaction, &keys::mail(mail.id), &item, &Guard::Absent)
    }

    /// A mail still to be sent.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn mail(&self, id: Uuid) -> Result<Option<Mail>, StoreError> {
        Ok(self.get::<Item>(&keys::mail(id)).await?.map(|item| item.mail))
    }

    /// Takes a mail out of the outbox together with what makes it worthless.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn withdraw_mail(&self, transaction: &mut Transaction, id: Uuid) -> Result<(), StoreError> {
        self.delete(transaction, &keys::mail(id), &Guard::None)
    }

    /// Has the sweep leave a mail that could not be sent alone until `due_at`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it was sent meanwhile.
    pub async fn postpone_mail(&self, id: Uuid, due_at: DateTime<Utc>) -> Result<(), CommitError> {
        self.update(&keys::mail(id)).set(keys::DUE.sort, due_at).when(Guard::Present).send().await
    }

    /// Removes a mail that was sent, or is worth nothing any more.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn remove_mail(&self, id: Uuid) -> Result<(), CommitError> {
        Ok(self.delete_now(&keys::mail(id)).await?)
    }

    /// The mails whose message seems lost, the oldest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn overdue_mails(&self, now: DateTime<Utc>, limit: i32) -> Result<Vec<Uuid>, StoreError> {
        let due = self.query_index(keys::DUE, keys::DUE_MAILS).up_to(instant::text(now));
        Ok(due.page(limit).await?.items.iter().filter_map(|item| keys::mail_of(item.pk())).collect())
    }
}
