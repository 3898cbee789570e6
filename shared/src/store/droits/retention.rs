//! Accounts by how long nobody used them, and the end of one. The index `due` has them in two partitions, by what they
//! wait for; sorted by since when, not by until when, so that other terms count at once.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::people::StoredUser;
use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::droits::account::User;
use domain::droits::retention::{Watched, watched};
use domain::instant;

/// Where the index has an account. Older code writes none; so do users nothing is known of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    due: &'static str,
    #[serde(with = "instant")]
    due_at: DateTime<Utc>,
}

impl Place {
    pub(super) fn of(user: &User) -> Option<Self> {
        let (due, due_at) = match watched(user)? {
            Watched::Unseen(since) => (keys::UNSEEN, since),
            Watched::Announced(since) => (keys::ANNOUNCED, since),
        };
        Some(Self { due, due_at })
    }
}

impl DroitsStore {
    /// Up to `limit` users who wait for this, the longest first, since its instant or before.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn watched_users(&self, waiting: Watched, limit: i32) -> Result<Vec<Uuid>, StoreError> {
        let (partition, since) = match waiting {
            Watched::Unseen(since) => (keys::UNSEEN, since),
            Watched::Announced(since) => (keys::ANNOUNCED, since),
        };
        let found = self.query_index(keys::DUE, partition).up_to(instant::text(since)).page(limit).await?;
        Ok(found.items.iter().filter_map(|item| keys::user_of(item.pk())).collect())
    }

    /// Ends the account read as `stored`, if nobody wrote it since: who signs in meanwhile keeps it. What else is kept of
    /// them stays until [`Self::erase_remains`]; a mark, due at once in the index, has a sweep go on with what is broken
    /// off.
    ///
    /// # Errors
    /// [`CommitError::Race`] when the account was written meanwhile.
    pub async fn end_account(&self, stored: &StoredUser) -> Result<(), CommitError> {
        let user = &stored.user;
        let mut transaction = Transaction::default();
        self.delete(&mut transaction, &keys::user(user.id), &Guard::is("version", stored.version))?;
        let theirs = Guard::Absent.or(Guard::is("userId", user.id));
        self.delete(&mut transaction, &keys::email(&user.email), &theirs)?;
        let mark = Place { due: keys::UNSEEN, due_at: DateTime::UNIX_EPOCH };
        self.put(&mut transaction, &keys::remains(user.id), &mark, &Guard::None)?;
        self.commit(transaction).await
    }

    /// Erases what is kept of a request for an account; whether there was one.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn erase_prospect(&self, email: &str) -> Result<bool, StoreError> {
        let known = self.prospect(email).await?.is_some();
        if known {
            self.delete_now(&keys::prospect(email)).await?;
        }
        Ok(known)
    }

    /// Erases what is left of an account that ended, its mark last.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn erase_remains(&self, user: Uuid) -> Result<(), StoreError> {
        let mark = keys::remains(user);
        for item in self.query(keys::user_partition(user)).all().await? {
            if item.key() != mark {
                self.delete_now(&item.key()).await?;
            }
        }
        self.delete_now(&mark).await
    }
}
