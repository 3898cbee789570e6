//! Users as La Coop registers, reads, deletes and erases them.

use chrono::TimeDelta;
use domain::coop::user::{Identity, User};
use http::StatusCode;
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::measures::Count;
use passerelle::store::coop::{CoopStore, PendingContact, Profile};
use passerelle::store::error::StoreError;
use passerelle::store::transaction::Transaction;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::Value;
use uuid::Uuid;

use crate::contacts::{ContactOutbox, contact_of};
use crate::view;

/// The users of La Coop.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) store: CoopStore,
    pub(crate) outbox: ContactOutbox,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// How long what is kept of a deleted user stays.
    pub(crate) kept_deleted: TimeDelta,
}

/// Deleted users erased at a sweep.
const SWEPT: i32 = 25;

impl Users {
    /// A user, deleted or not.
    pub(crate) async fn find(&self, id: Uuid) -> Result<Profile, ApiError> {
        Ok(self.store.profile(id).await?.ok_or(Code::UserNotFound)?)
    }

    /// A user who may be synchronised.
    pub(crate) async fn find_living(&self, id: Uuid) -> Result<Profile, ApiError> {
        let profile = self.find(id).await?;
        if profile.stored.user.deleted { Err(Code::UserDeleted.into()) } else { Ok(profile) }
    }

    /// Registers a user: 201 when they are new, 200 when they are known. An e-mail is one user's.
    pub(crate) async fn register(&self, id: Uuid, identity: &Identity) -> Result<StatusCode, ApiError> {
        retry_on_conflict(async || {
            let stored = self.store.user(id).await?;
            let (status, user) = match &stored {
                None => (StatusCode::CREATED, User::registered(id, identity.clone())),
                Some(stored) => (StatusCode::OK, stored.user.clone().identified(identity.clone())),
            };
            let mut transaction = Transaction::default();
            if user.deleted {
                self.store.put_user_freeing_email(&mut transaction, stored.as_ref(), &user)?;
            } else {
                if self.store.email_holder(&user.email).await?.is_some_and(|holder| holder != id) {
                    return Err(Code::EmailAlreadyUsed.into());
                }
                self.store.put_user_holding_email(&mut transaction, stored.as_ref(), &user)?;
            }
            let is_written = stored.is_some_and(|stored| stored.user == user && stored.holds_email != user.deleted);
            if !is_written {
                self.store.commit(transaction).await?;
            }
            Ok(status)
        })
        .await
    }

    /// Deletes a user, who leaves Brevo's list. Their emplois and history stay for a time; once more changes nothing.
    pub(crate) async fn delete(&self, id: Uuid) -> Result<(), ApiError> {
        retry_on_conflict(async || {
            let stored = self.find(id).await?.stored;
            if stored.user.deleted {
                return Ok(());
            }
            let user = User { deleted: true, deleted_at: Some(self.clock.now()), ..stored.user.clone() };
            let mut transaction = Transaction::default();
            self.store.put_user_freeing_email(&mut transaction, Some(&stored), &user)?;
            let pending = self.leave_brevo(&mut transaction, &stored.user).await?;
            self.commit_announcing(transaction, pending).await
        })
        .await
    }

    async fn commit_announcing(
        &self,
        transaction: Transaction,
        pending: Option<PendingContact>,
    ) -> Result<(), ApiError> {
        self.store.commit(transaction).await?;
        if let Some(pending) = pending {
            self.outbox.announce(&pending).await;
        }
        Ok(())
    }

    /// Erases a user: nothing of theirs stays. Stopped at any point, once more goes on with it.
    pub(crate) async fn erase(&self, id: Uuid) -> Result<(), ApiError> {
        // Deleted first: nobody synchronises them meanwhile, and Brevo is told.
        self.delete(id).await?;
        retry_on_conflict(async || {
            let stored = self.find(id).await?.stored;
            self.store.delete_records(id).await?;
            let mut transaction = Transaction::default();
            self.store.delete_user(&mut transaction, &stored)?;
            // The call of the deletion may have been given up: nothing would make it again.
            let told = self.store.told_contact(id).await?;
            let is_left = !told.emails.is_empty() && self.store.pending_contact(id).await?.is_none();
            let pending = if is_left { self.leave_brevo(&mut transaction, &stored.user).await? } else { None };
            self.commit_announcing(transaction, pending).await
        })
        .await?;
        // What an import under way has added meanwhile: it is not written on the user's version.
        Ok(self.store.delete_records(id).await?)
    }

    /// Erases some of the users La Coop deleted long ago, and answers how many.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(crate) async fn erase_long_deleted(&self) -> Result<usize, StoreError> {
        let until = self.clock.now() - self.kept_deleted;
        let mut erased = 0;
        for id in self.store.deleted_users(until, SWEPT).await? {
            // The index is a little late: an id may have been registered again since.
            let stored = self.store.user(id).await?;
            let is_over = stored.is_some_and(|stored| stored.user.deleted_at.is_some_and(|at| at <= until));
            match if is_over { self.erase(id).await } else { continue } {
                Ok(()) => {
                    erased += 1;
                    Count::DeletedUsersErased.one();
                    tracing::info!(target: "audit", action = "erase", service = "retention", user = %id, "done");
                }
                Err(error) => tracing::warn!(user = %id, code = ?error.into_problem().code(), "user not erased"),
            }
        }
        Ok(erased)
    }

    /// Adds what makes a contact leave Brevo's list, if it may be on it.
    async fn leave_brevo(
        &self,
        transaction: &mut Transaction,
        user: &User,
    ) -> Result<Option<PendingContact>, ApiError> {
        let told = self.store.told_contact(user.id).await?;
        let contact = contact_of(user);
        if !contact.concerns_brevo(&told) {
            return Ok(None);
        }
        let now = self.clock.now();
        let pending = PendingContact { user: user.id, reason: self.ids.next(now), attempts: 0 };
        self.store.put_pending_contact(transaction, &pending, now)?;
        // One that was told before this was noted: were the user erased, nobody would know the address.
        if told.emails.is_empty() {
            self.store.put_told_contact(transaction, user.id, &contact.told_meanwhile(&told))?;
        }
        Ok(Some(pending))
    }

    /// What the API shows of a user, with all that is kept of them.
    pub(crate) async fn view(&self, profile: &Profile) -> Result<Value, ApiError> {
        let employers = profile.emplois.iter().map(|emploi| emploi.structure);
        let places = profile.lieux.iter().map(|lieu| lieu.structure);
        let known = self.store.look_up(&Default::default(), employers.chain(places)).await?;
        Ok(view::user_to_json(profile, &known))
    }
}
