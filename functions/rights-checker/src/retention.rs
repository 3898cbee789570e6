//! Accounts that nobody uses: announced, then erased, a few at each sweep.
//!
//! Each step is one write on the version of the account that was read. Done twice, late or at the same time as a sign-in,
//! the first write counts and the other finds the account changed.
//!
//! Source: docs/spec/droits.md#retention

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::droits::account::User;
use domain::droits::retention::{Announcement, Notice, Step, Terms, Watched, next};
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::measures::Count;
use passerelle::store::droits::{DroitsStore, Mail, MailContent, StoredUser};
use passerelle::store::error::{CommitError, StoreError};
use passerelle::store::transaction::Transaction;
use uuid::Uuid;

use crate::audit::{self, Deed};
use crate::mails::Mails;

/// Accounts of each kind taken up at a sweep.
const SWEPT: i32 = 25;
/// Who does it, in the audit log.
const BY: &str = "retention";

/// Looks after accounts that nobody uses.
pub(crate) struct Retention {
    pub(crate) store: DroitsStore,
    pub(crate) ids: Ids,
    pub(crate) mails: Arc<Mails>,
    pub(crate) clock: Clock,
    pub(crate) terms: Terms,
}

impl Retention {
    /// Takes the next step with some of the accounts whose time has come, and answers how many.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub(crate) async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let unseen = Watched::Unseen(self.terms.unseen_since(now));
        let announced = Watched::Announced(self.terms.announced_since(now));
        let mut count = 0;
        for waiting in [unseen, announced] {
            for id in self.store.watched_users(waiting, SWEPT).await? {
                match self.take_up(id, now).await.map(usize::from) {
                    Ok(done) => count += done,
                    Err(CommitError::Race) => {}
                    Err(error) => tracing::warn!(user = %id, %error, "account not taken up"),
                }
            }
        }
        Ok(count)
    }

    /// Takes the next step with an account; whether there was one.
    async fn take_up(&self, id: Uuid, now: DateTime<Utc>) -> Result<bool, CommitError> {
        let Some(stored) = self.store.user(id).await? else {
            // The index is a little late, or an erasure was broken off.
            self.store.erase_remains(id).await?;
            return Ok(true);
        };
        match next(&stored.user, self.notice(&stored.user).await?, &self.terms, now) {
            Step::Wait => return Ok(false),
            Step::Announce => self.announce(&stored, now).await?,
            Step::TellOperators => self.tell_operators(&stored, now).await?,
            Step::Erase => self.erase(&stored).await?,
        }
        Ok(true)
    }

    async fn notice(&self, user: &User) -> Result<Notice, StoreError> {
        let Some(mail) = announced_by(user) else { return Ok(Notice::Sent) };
        Ok(if self.store.mail(mail).await?.is_some() { Notice::Waiting } else { Notice::Sent })
    }

    /// Announces a deletion, once more if the mail of the last time never left.
    async fn announce(&self, stored: &StoredUser, now: DateTime<Utc>) -> Result<(), CommitError> {
        let deletion_at = now + self.terms.notice;
        let mail = Mail {
            id: self.ids.next(now),
            to: stored.user.email.clone(),
            content: MailContent::DeletionNotice { deletion_at },
            // Kept beyond the day it names: what is still there then was not sent.
            good_until: deletion_at + self.terms.notice,
        };
        let mut transaction = Transaction::default();
        if let Some(former) = announced_by(&stored.user) {
            self.store.withdraw_mail(&mut transaction, former)?;
        }
        self.store.add_mail(&mut transaction, &mail, now)?;
        self.announced(transaction, stored, Announcement { at: now, mail: Some(mail.id) }).await?;
        Count::DeletionsAnnounced.one();
        self.mails.announce(mail.id).await;
        Ok(())
    }

    /// An administrator is deleted by operators, who are told again after each notice.
    async fn tell_operators(&self, stored: &StoredUser, now: DateTime<Utc>) -> Result<(), CommitError> {
        self.announced(Transaction::default(), stored, Announcement { at: now, mail: None }).await?;
        Count::UnusedAdministrators.one();
        tracing::warn!(user = %stored.user.id, "administrator unseen for long: to be deleted by an operator, or not");
        Ok(())
    }

    async fn announced(
        &self,
        mut transaction: Transaction,
        stored: &StoredUser,
        announcement: Announcement,
    ) -> Result<(), CommitError> {
        let user = User { deletion_announced: Some(announcement), ..stored.user.clone() };
        self.store.update_user(&mut transaction, stored, &user)?;
        self.store.commit(transaction).await?;
        audit::record_deed(Deed::DeletionAnnounced, user.id, BY);
        Ok(())
    }

    async fn erase(&self, stored: &StoredUser) -> Result<(), CommitError> {
        self.store.end_account(stored).await?;
        Count::UnusedAccountsErased.one();
        audit::record_deed(Deed::Erased, stored.user.id, BY);
        Ok(self.store.erase_remains(stored.user.id).await?)
    }
}

fn announced_by(user: &User) -> Option<Uuid> {
    user.deletion_announced.as_ref()?.mail
}
