//! Users, with what is kept in their partition: emplois and places of activity.

use chrono::{DateTime, Utc};
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
    /// Whether the user's e-mail is theirs by a key item. Not so of users written before e-mails were, nor of those whose
    /// e-mail was another user's already.
    #[serde(rename = "holdsEmail", default, skip_serializing_if = "std::ops::Not::not")]
    pub holds_email: bool,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<&'static str>,
    #[serde(rename = "dueAt", skip_serializing_if = "Option::is_none", with = "instant::optional")]
    due_at: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
struct EmailItem {
    user: Uuid,
}

/// Whether a user's e-mail is theirs by a key item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EmailKey {
    Held,
    Free,
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

    /// Whose an e-mail is, if anybody's.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn email_holder(&self, email: &str) -> Result<Option<Uuid>, StoreError> {
        Ok(self.get::<EmailItem>(&keys::email(email)).await?.map(|item| item.user))
    }

    /// Adds a user, or replaces one read as `stored`, whose e-mail is theirs alone from then on. An e-mail they had
    /// before is anybody's again.
    ///
    /// # Errors
    /// When it cannot be written as an item. The commit loses a race when the e-mail is another user's.
    pub fn put_user_holding_email(
        &self,
        transaction: &mut Transaction,
        stored: Option<&StoredUser>,
        user: &User,
    ) -> Result<(), StoreError> {
        let held = stored.filter(|stored| stored.holds_email).map(|stored| stored.user.email.as_str());
        if held != Some(user.email.as_str()) {
            let free_or_theirs = Guard::Absent.or(Guard::is("user", user.id));
            self.put(transaction, &keys::email(&user.email), &EmailItem { user: user.id }, &free_or_theirs)?;
            self.free_email(transaction, held, user.id)?;
        }
        self.write_user(transaction, stored, user, EmailKey::Held)
    }

    /// Adds a user, or replaces one read as `stored`, whose e-mail may be anybody's from then on.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_user_freeing_email(
        &self,
        transaction: &mut Transaction,
        stored: Option<&StoredUser>,
        user: &User,
    ) -> Result<(), StoreError> {
        let held = stored.filter(|stored| stored.holds_email).map(|stored| stored.user.email.as_str());
        self.free_email(transaction, held, user.id)?;
        self.write_user(transaction, stored, user, EmailKey::Free)
    }

    /// Replaces a user read as `stored` whose e-mail stays the same.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_user(&self, transaction: &mut Transaction, stored: &StoredUser, user: &User) -> Result<(), StoreError> {
        let key = if stored.holds_email { EmailKey::Held } else { EmailKey::Free };
        self.write_user(transaction, Some(stored), user, key)
    }

    fn free_email(&self, transaction: &mut Transaction, email: Option<&str>, user: Uuid) -> Result<(), StoreError> {
        let Some(email) = email else { return Ok(()) };
        self.delete(transaction, &keys::email(email), &Guard::Absent.or(Guard::is("user", user)))
    }

    fn write_user(
        &self,
        transaction: &mut Transaction,
        stored: Option<&StoredUser>,
        user: &User,
        key: EmailKey,
    ) -> Result<(), StoreError> {
        let version = stored.map_or(0, |stored| stored.version);
        let next = StoredUser { user: user.clone(), version: version + 1, holds_email: key == EmailKey::Held };
        let guard = match stored {
            None => Guard::Absent,
            Some(_) => Guard::is("version", version),
        };
        let item = UserItem {
            stored: &next,
            all: (!user.deleted).then_some(keys::ALL_USERS),
            due: user.deleted_at.map(|_| keys::DELETED_USERS),
            due_at: user.deleted_at,
        };
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

    /// Up to `limit` users deleted until then, the longest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn deleted_users(&self, until: DateTime<Utc>, limit: i32) -> Result<Vec<Uuid>, StoreError> {
        let deleted = self.query_index(keys::DUE, keys::DELETED_USERS).up_to(instant::text(until));
        Ok(deleted.page(limit).await?.items.iter().filter_map(|item| keys::user_of(item.pk())).collect())
    }

    /// Deletes everything kept of the work and the history of a user; the user stays.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn delete_records(&self, user: Uuid) -> Result<(), StoreError> {
        for item in self.query(keys::user_partition(user)).all().await? {
            if item.sk() != keys::user(user).sk {
                self.delete_now(&item.key()).await?;
            }
        }
        for item in self.query(keys::history(user)).all().await? {
            self.delete_now(&item.key()).await?;
        }
        Ok(())
    }

    /// Deletes a user of whom nothing else is kept, unless somebody wrote them meanwhile.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn delete_user(&self, transaction: &mut Transaction, stored: &StoredUser) -> Result<(), StoreError> {
        let unchanged = Guard::is("version", stored.version);
        self.delete(transaction, &keys::user(stored.user.id), &unchanged)
    }
}
