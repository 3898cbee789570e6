//! The outbox of Brevo: a contact is told after the commit, as it is then, until it succeeds.
//!
//! Brevo takes ten calls a second. The queue is read by at most two invocations at a time, and each holds its place for
//! a fifth of a second per call: whatever there is to tell, the rate is kept without anybody counting.

use std::time::Duration;

use domain::coop::contact::Contact;
use domain::coop::retry;
use domain::coop::user::User;
use passerelle::platform::measures::Count;
use passerelle::store::coop::{CoopStore, Owed};
use passerelle::store::error::{CommitError, StoreError};
use tokio::time::Instant;

use crate::app::App;
use crate::jobs::{ContactTurn, Job, no_group};

/// How long a call holds its place: two places, ten calls a second.
const PLACE: Duration = Duration::from_millis(200);
/// Contacts swept at a time.
const SWEPT: i32 = 100;

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContactError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl App {
    /// Says that a contact waits. A failure is no failure of the synchronisation: the sweep finds the contact.
    pub(crate) async fn announce(&self, owed: &Owed) {
        let turn = ContactTurn { user: owed.user, reason: owed.reason, attempts: owed.attempts };
        if let Err(error) = self.contact_turns.send(&[Job::Contact(turn)], no_group, 0).await {
            tracing::warn!(user = %owed.user, %error, "contact not announced: left to the sweep");
        }
    }

    /// Tells Brevo of a user, once.
    pub(crate) async fn tell(&self, turn: ContactTurn) -> Result<(), ContactError> {
        let Some(owed) = self.store.owed_contact(turn.user).await? else { return Ok(()) };
        if owed.attempts != turn.attempts || owed.reason != turn.reason {
            return Ok(());
        }
        let Some(stored) = self.store.user(turn.user).await? else { return Ok(()) };
        let began = Instant::now();
        let told = self.contacts.bring_to(&contact(&stored.user)).await;
        tokio::time::sleep_until(began + PLACE).await;
        let written = match told {
            Ok(()) => {
                Count::ContactsTold.one();
                self.store.settle_contact(&owed).await
            }
            Err(error) => {
                Count::ContactsFailed.one();
                let attempts = owed.attempts + 1;
                match retry::brevo(attempts) {
                    Some(pause) => {
                        tracing::warn!(user = %owed.user, attempts, %error, "Brevo not told: later again");
                        self.store.postpone_contact(&owed, true, self.clock.now() + pause).await
                    }
                    None => {
                        Count::ContactsGivenUp.one();
                        tracing::error!(user = %owed.user, attempts, %error, "Brevo not told");
                        self.store.settle_contact(&owed).await
                    }
                }
            }
        };
        match written {
            // Another reason came meanwhile, with a message of its own.
            Ok(()) | Err(CommitError::Race) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends messages for the contacts that are due, and answers how many.
    pub(crate) async fn sweep_contacts(&self) -> Result<usize, ContactError> {
        let now = self.clock.now();
        let mut swept = 0;
        for user in self.store.due_contacts(now, SWEPT).await? {
            let Some(owed) = self.store.owed_contact(user).await? else { continue };
            match self.store.postpone_contact(&owed, false, CoopStore::after_sweep(now)).await {
                Ok(()) => {
                    self.announce(&owed).await;
                    swept += 1;
                }
                Err(CommitError::Race) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(swept)
    }
}

fn contact(user: &User) -> Contact {
    Contact {
        id: user.id,
        email: user.email.clone(),
        prenom: user.prenom.clone(),
        nom: user.nom.clone(),
        telephone: user.telephone.clone(),
        mediateur: user.mediateur.is_some(),
        conseiller_numerique: user.is_conseiller_numerique,
        coordinateur: user.coordinateur.is_some(),
    }
}
