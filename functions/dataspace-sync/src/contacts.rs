//! The outbox of Brevo: a contact is told after the commit that concerns it, in the state it has when the call is made,
//! and the call is repeated until it succeeds or is given up.
//!
//! Brevo takes ten calls a second. The queue is read by at most two invocations at a time, and each takes at least a
//! fifth of a second per call: the rate is kept without anybody counting.

use std::time::Duration;

use domain::coop::contact::{AfterRefusal, Contact, ContactRequest, ToldContact};
use domain::coop::retry;
use domain::coop::user::User;
use passerelle::clients::contacts::Contacts;
use passerelle::clients::outgoing::AskError;
use passerelle::platform::clock::Clock;
use passerelle::platform::measures::Count;
use passerelle::platform::queue::Queue;
use passerelle::store::coop::{CoopStore, PendingContact};
use passerelle::store::error::{StoreError, unless_raced};
use tokio::time::Instant;
use uuid::Uuid;

use crate::jobs::{ContactJob, Job, no_group};

/// The least a call takes: two invocations, ten calls a second.
const CALL_SLOT: Duration = Duration::from_millis(200);
/// Contacts swept at a time.
const SWEPT: i32 = 100;

/// Tells Brevo of users.
#[derive(Clone)]
pub(crate) struct ContactOutbox {
    pub(crate) store: CoopStore,
    pub(crate) queue: Queue,
    pub(crate) brevo: Contacts,
    pub(crate) clock: Clock,
}

impl ContactOutbox {
    /// Sends a message for a contact. A failure is no failure of the synchronisation: the sweep finds the contact.
    pub(crate) async fn announce(&self, pending: &PendingContact) {
        let job = ContactJob { user: pending.user, reason: pending.reason, attempts: pending.attempts };
        if let Err(error) = self.queue.send(&[Job::Contact(job)], no_group, 0).await {
            tracing::warn!(user = %pending.user, %error, "contact not announced: left to the sweep");
        }
    }

    /// Tells Brevo of a user, once.
    pub(crate) async fn tell(&self, job: ContactJob) -> Result<(), StoreError> {
        let Some(pending) = self.store.pending_contact(job.user).await? else { return Ok(()) };
        if pending.attempts != job.attempts || pending.reason != job.reason {
            return Ok(());
        }
        let written = match self.call(job.user).await? {
            Ok(()) => {
                Count::ContactsTold.one();
                self.store.remove_pending_contact(&pending).await
            }
            Err(error) => {
                Count::ContactsFailed.one();
                let attempts = pending.attempts + 1;
                let pause = match retry::pause_before_brevo(attempts) {
                    None if self.store.user(job.user).await?.is_none() => {
                        Count::ContactsGivenUp.one();
                        Some(retry::pause_before_forgotten(attempts))
                    }
                    pause => pause,
                };
                match pause {
                    Some(pause) => {
                        tracing::warn!(user = %pending.user, attempts, %error, "Brevo not told: later again");
                        self.store.retry_contact(&pending, self.clock.now() + pause).await
                    }
                    None => {
                        Count::ContactsGivenUp.one();
                        tracing::error!(user = %pending.user, attempts, %error, "Brevo not told");
                        self.store.remove_pending_contact(&pending).await
                    }
                }
            }
        };
        // Where a race was lost another reason came meanwhile, with a message of its own.
        unless_raced(written).map(drop)
    }

    /// Brings Brevo to the state a user has now. What it may have been told is noted before and after, so that an
    /// address whose call was answered to nobody is still known, and leaves the list one day.
    async fn call(&self, user: Uuid) -> Result<Result<(), AskError>, StoreError> {
        let (stored, told) = futures_util::try_join!(self.store.user(user), self.store.told_contact(user))?;
        let (requests, meanwhile, after) = match stored.map(|stored| contact_of(&stored.user)) {
            Some(contact) => {
                let requests = contact.requests(&told, self.brevo.list());
                (requests, contact.told_meanwhile(&told), contact.told_after())
            }
            // The user was erased: what is left is what Brevo was told.
            None => (Vec::from_iter(told.removal()), told.clone(), ToldContact::default()),
        };
        if meanwhile != told {
            self.store.note_told_contact(user, &meanwhile).await?;
        }
        for request in requests {
            if let Err(error) = self.ask(request).await {
                return Ok(Err(error));
            }
        }
        if after != meanwhile {
            self.store.note_told_contact(user, &after).await?;
        }
        Ok(Ok(()))
    }

    /// Asks for one thing; where Brevo refuses it, for what may be asked instead.
    async fn ask(&self, request: ContactRequest) -> Result<(), AskError> {
        match self.send(&request).await {
            Err(AskError::Status(400)) => match request.after_refusal() {
                AfterRefusal::Settled => Ok(()),
                AfterRefusal::AskInstead(instead) => self.send(&instead).await,
                AfterRefusal::Failed => Err(AskError::Status(400)),
            },
            answered => answered,
        }
    }

    /// Makes one call, which takes its time.
    async fn send(&self, request: &ContactRequest) -> Result<(), AskError> {
        let began = Instant::now();
        let answered = self.brevo.send(request).await;
        tokio::time::sleep_until(began + CALL_SLOT).await;
        answered
    }

    /// Sends messages for the contacts that are due, and answers how many.
    pub(crate) async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut swept = 0;
        for due in self.store.due_contacts(now, SWEPT).await? {
            let leased = self.store.lease_contact(&due, CoopStore::after_sweep(now)).await;
            if unless_raced(leased)?.is_none() {
                continue;
            }
            if let Some(pending) = self.store.pending_contact(due.user).await? {
                self.announce(&pending).await;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// A user as Brevo is to know them: one who was deleted has no role any more.
pub(crate) fn contact_of(user: &User) -> Contact {
    Contact {
        id: user.id,
        email: user.email.clone(),
        prenom: user.prenom.clone(),
        nom: user.nom.clone(),
        telephone: user.telephone.clone(),
        mediateur: user.mediateur.is_some() && !user.deleted,
        conseiller_numerique: user.is_conseiller_numerique && !user.deleted,
        coordinateur: user.coordinateur.is_some() && !user.deleted,
    }
}
