//! The synchronisation of one user: what is stored and what the Dataspace says, decided, written in one transaction.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::coop::ids::IdSource;
use domain::coop::payload::Payload;
use domain::coop::plan::{self, Facts, Occasion, Plan};
use domain::coop::structures::Known;
use passerelle::clients::dataspace::{Dataspace, FetchError, Fetched};
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::measures::Count;
use passerelle::store::coop::{CoopStore, PendingContact, Profile, StoredUser};
use passerelle::store::error::StoreError;
use passerelle::store::transaction::Transaction;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use uuid::Uuid;

use crate::contacts::ContactOutbox;
use crate::users::Users;

/// All tries of one fetch: API Gateway answers for us after thirty seconds, and what was fetched has to be written yet.
const FETCH: Duration = Duration::from_secs(20);
/// What one transaction carries.
const MAX_WRITES: usize = 100;

/// What was decided of a user, and on what grounds.
pub(crate) struct Decision {
    pub(crate) profile: Profile,
    pub(crate) known: Known,
    pub(crate) plan: Plan,
    now: DateTime<Utc>,
}

/// Makes what is stored of a user follow the Dataspace.
#[derive(Clone)]
pub(crate) struct UserSync {
    pub(crate) users: Users,
    pub(crate) store: CoopStore,
    pub(crate) dataspace: Dataspace,
    pub(crate) outbox: ContactOutbox,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl UserSync {
    /// What the Dataspace says of a user; nothing when it does not know them.
    pub(crate) async fn fetch(&self, profile: &Profile) -> Result<Option<Payload>, ApiError> {
        let started = tokio::time::Instant::now();
        let fetched = self.dataspace.fetch(&profile.stored.user.email, FETCH).await;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match fetched {
            Ok(Fetched::Found(payload)) => Ok(Some(*payload)),
            Ok(Fetched::NotFound) => Ok(None),
            Err(error) => {
                tracing::warn!(user = %profile.stored.user.id, %error, latency_ms, "Dataspace not read");
                Err(code_of(&error).into())
            }
        }
    }

    /// Decides on what was read. Nothing is written.
    pub(crate) async fn decide(
        &self,
        profile: Profile,
        payload: &Payload,
        occasion: Occasion,
    ) -> Result<Decision, ApiError> {
        let now = self.clock.now();
        let employers = profile.emplois.iter().map(|emploi| emploi.structure);
        let known = self.store.look_up(&plan::lookups(&profile.stored.user, payload), employers).await?;
        let make = || self.ids.next(now);
        let facts = Facts {
            user: &profile.stored.user,
            emplois: &profile.emplois,
            lieux: &profile.lieux,
            known: &known,
            payload,
            now,
            ids: IdSource::new(&make),
        };
        let plan = plan::plan(facts, occasion).map_err(|error| {
            tracing::warn!(user = %profile.stored.user.id, %error, "synchronisation refused");
            Problem::new(Code::SyncTooLarge).detail(format!("{} emplois changeraient.", error.0))
        })?;
        Ok(Decision { profile, known, plan, now })
    }

    /// Writes a decision down, all of it or nothing, then says that Brevo has to be told.
    ///
    /// # Errors
    /// [`ApiError::DecideAgain`] when the user, or a structure, changed meanwhile: it has to be decided again.
    pub(crate) async fn carry_out(&self, decision: &Decision) -> Result<(), ApiError> {
        let Decision { profile, plan, now, .. } = decision;
        let stored = &profile.stored;
        let takes_email = self.may_take_email(stored).await?;
        if plan.only_stamps(&stored.user) && !takes_email {
            self.store.stamp_user(stored, &plan.user).await?;
            Count::UsersSynced.one();
            return Ok(());
        }
        let mut transaction = Transaction::default();
        if takes_email {
            self.store.put_user_holding_email(&mut transaction, Some(stored), &plan.user)?;
        } else {
            self.store.put_user(&mut transaction, stored, &plan.user)?;
        }
        for step in &plan.emplois {
            self.store.put_step(&mut transaction, stored.user.id, step)?;
        }
        self.store.add_changes(&mut transaction, stored.user.id, &plan.changes)?;
        let pending = PendingContact { user: stored.user.id, reason: self.ids.next(*now), attempts: 0 };
        if plan.concerns_brevo {
            self.store.put_pending_contact(&mut transaction, &pending, *now)?;
        }
        self.store.create_structures(&mut transaction, &plan.created)?;
        for id in &plan.undeleted {
            self.store.undelete_structure(&mut transaction, *id)?;
        }
        if transaction.len() > MAX_WRITES {
            self.write_structures(plan).await?;
            // They are known now: the rest fits.
            return Err(ApiError::DecideAgain);
        }
        self.store.commit(transaction).await?;
        Count::UsersSynced.one();
        Count::EmploisRemoved.add(plan.report.emplois.removed as u64);
        if plan.concerns_brevo {
            self.outbox.announce(&pending).await;
        }
        Ok(())
    }

    /// Whether a user written before e-mails were anybody's own takes theirs now: not where another has it.
    async fn may_take_email(&self, stored: &StoredUser) -> Result<bool, StoreError> {
        if stored.holds_email {
            return Ok(false);
        }
        let holder = self.store.email_holder(&stored.user.email).await?;
        let is_free = holder.is_none_or(|holder| holder == stored.user.id);
        if !is_free {
            tracing::warn!(user = %stored.user.id, "another user has the same e-mail");
        }
        Ok(is_free)
    }

    /// The structures of a plan alone, one after the other.
    async fn write_structures(&self, plan: &Plan) -> Result<(), ApiError> {
        for new in &plan.created {
            let mut transaction = Transaction::default();
            self.store.create_structures(&mut transaction, std::slice::from_ref(new))?;
            self.store.commit(transaction).await?;
        }
        for id in &plan.undeleted {
            let mut transaction = Transaction::default();
            self.store.undelete_structure(&mut transaction, *id)?;
            self.store.commit(transaction).await?;
        }
        Ok(())
    }

    /// Decides and writes, again when a race is lost. `first` is what was read before the Dataspace was asked.
    pub(crate) async fn sync(
        &self,
        first: Profile,
        payload: &Payload,
        occasion: Occasion,
    ) -> Result<Decision, ApiError> {
        let id = first.stored.user.id;
        let decision = self.decide(first, payload, occasion).await?;
        match self.carry_out(&decision).await {
            Ok(()) => Ok(decision),
            Err(ApiError::DecideAgain) => self.sync_again(id, payload, occasion).await,
            Err(error) => Err(error),
        }
    }

    /// The same once a race was lost: everything is read again.
    pub(crate) async fn sync_again(
        &self,
        id: Uuid,
        payload: &Payload,
        occasion: Occasion,
    ) -> Result<Decision, ApiError> {
        retry_on_conflict(async || {
            let decision = self.decide(self.users.find_living(id).await?, payload, occasion).await?;
            self.carry_out(&decision).await?;
            Ok(decision)
        })
        .await
    }
}

fn code_of(error: &FetchError) -> Code {
    match error {
        FetchError::Unavailable(_) => Code::DataspaceUnavailable,
        FetchError::Refused(_) | FetchError::Contract(_) => Code::DataspaceInvalidAnswer,
    }
}
