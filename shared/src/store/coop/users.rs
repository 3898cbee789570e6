//! Users, with what is kept in their partition: emplois and places of activity.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::coop::emplois::{Action, Step};
use domain::coop::user::{Emploi, Lieu, User};
use domain::instant;

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredUser {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// One more at each write but for a mere time stamp: what a write is conditional on.
    pub version: u64,
}

/// A user and what is kept of their work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub stored: StoredUser,
    /// Emplois, suppressed ones too.
    pub emplois: Vec<Emploi>,
    /// Active places of activity.
    pub lieux: Vec<Lieu>,
}

#[derive(Serialize)]
struct UserItem<'a> {
    #[serde(flatten)]
    stored: &'a StoredUser,
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<&'static str>,
}

impl CoopStore {
    /// A user alone.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn user(&self, id: Uuid) -> Result<Option<StoredUser>, StoreError> {
        self.get(&keys::user(id)).await
    }

    /// A user with emplois and places of activity.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn profile(&self, id: Uuid) -> Result<Option<Profile>, StoreError> {
        let (mut stored, mut emplois, mut lieux) = (None, Vec::new(), Vec::new());
        for item in self.query(keys::user_partition(id)).all().await? {
            if item.sk().starts_with(keys::EMPLOI) {
                emplois.push(item.read()?);
            } else if item.sk().starts_with(keys::LIEU) {
                lieux.push(item.read()?);
            } else {
                stored = Some(item.read()?);
            }
        }
        Ok(stored.map(|stored| Profile { stored, emplois, lieux }))
    }

    /// Adds a user, or replaces one read as `stored`.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_user(
        &self,
        transaction: &mut Transaction,
        stored: Option<&StoredUser>,
        user: &User,
    ) -> Result<(), StoreError> {
        let version = stored.map_or(0, |stored| stored.version);
        let next = StoredUser { user: user.clone(), version: version + 1 };
        let guard = match stored {
            None => Guard::Absent,
            Some(_) => Guard::is("version", version),
        };
        let item = UserItem { stored: &next, all: (!user.deleted).then_some(keys::ALL_USERS) };
        self.put(transaction, &keys::user(user.id), &item, &guard)
    }

    /// Notes when a user was last followed, when nothing else changed since they were read: one write unit.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody wrote the user meanwhile.
    pub async fn stamp_user(&self, stored: &StoredUser, user: &User) -> Result<(), CommitError> {
        let at = user.last_synced_from_dataspace.map(instant::text).unwrap_or_default();
        let update = self.update(&keys::user(user.id)).set("lastSyncedFromDataspace", at);
        update.when(Guard::is("version", stored.version)).send().await
    }

    /// Adds what becomes of an emploi, if anything does.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_step(&self, transaction: &mut Transaction, user: Uuid, step: &Step) -> Result<(), StoreError> {
        if step.action == Action::Keep {
            return Ok(());
        }
        self.put_emploi(transaction, user, &step.after)
    }

    /// Adds an emploi as it is to be. Its user's version guards it.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_emploi(&self, transaction: &mut Transaction, user: Uuid, emploi: &Emploi) -> Result<(), StoreError> {
        self.put(transaction, &keys::emploi(user, emploi.id), emploi, &Guard::None)
    }

    /// Adds the link to a place of activity nobody linked.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn add_lieu(&self, transaction: &mut Transaction, user: Uuid, lieu: &Lieu) -> Result<(), StoreError> {
        self.put(transaction, &keys::lieu(user, lieu.structure), lieu, &Guard::Absent)
    }

    /// Up to `limit` users that are not deleted, by id, after `after`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn user_ids(&self, after: Option<Uuid>, limit: i32) -> Result<Vec<Uuid>, StoreError> {
        let users = self.query_index(keys::ALL, keys::ALL_USERS).after(after.map(keys::user_partition));
        Ok(users.page(limit).await?.items.iter().filter_map(|item| keys::user_of(item.pk())).collect())
    }
}
