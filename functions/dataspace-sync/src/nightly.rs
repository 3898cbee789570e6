//! The users of a nightly run, each alone: what fails of one is counted, tried again later, and stops nobody else.

use std::collections::HashMap;

use domain::coop::plan::Occasion;
use domain::coop::retry;
use domain::coop::run::{AttemptOutcome, EmploiTotals, LastAttempt, PayloadReading, Status};
use passerelle::platform::clock::Clock;
use passerelle::platform::measures::Count;
use passerelle::platform::queue::Queue;
use passerelle::store::coop::{CoopStore, Profile, StoredRun, Ticket};
use passerelle::store::error::{CommitError, StoreError, unless_raced};
use passerelle::web::error::ApiError;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::jobs::{Job, SyncJob, no_group};
use crate::lister::{RunError, complete};
use crate::sync::UserSync;

/// Synchronises the users of nightly runs.
#[derive(Clone)]
pub(crate) struct RunWorker {
    pub(crate) store: CoopStore,
    pub(crate) sync: UserSync,
    pub(crate) syncs: Queue,
    pub(crate) dead_syncs: Queue,
    pub(crate) clock: Clock,
}

/// What was read for all users of one batch and one run.
pub(crate) struct RunBatch {
    run: Option<StoredRun>,
    attempts: HashMap<Uuid, LastAttempt>,
    /// One permit: the Dataspace is asked by as many at once as there are invocations.
    dataspace: Semaphore,
}

/// What became of a user whose message was taken.
enum Taken {
    /// The attempt is over.
    Ended(AttemptOutcome),
    /// The run is paused: the user is left for later.
    LeftForLater,
}

impl RunWorker {
    /// Reads what the users of a batch need.
    pub(crate) async fn read_batch(&self, run: Uuid, users: &[Uuid]) -> Result<RunBatch, StoreError> {
        let (run, attempts) = futures_util::try_join!(self.store.run(run), self.store.last_attempts(run, users))?;
        Ok(RunBatch { run, attempts, dataspace: Semaphore::new(1) })
    }

    /// Synchronises one user and writes down how it ended.
    pub(crate) async fn handle(&self, job: SyncJob, batch: &RunBatch) -> Result<(), RunError> {
        let Some(run) = &batch.run else {
            tracing::error!(run = %job.run, "a message names no run: dropped");
            return Ok(());
        };
        let before = batch.attempts.get(&job.user);
        if let Some(last) = before.filter(|last| last.attempt >= job.attempt) {
            // Whoever noted the attempt may have stopped before it was counted.
            return self.close(job, *last).await;
        }
        // A resumed run lists again whoever it left behind.
        if run.status == Status::Paused {
            return Ok(());
        }
        let taken = match self.synchronise(job, batch).await {
            Ok(taken) => taken,
            Err(error) => {
                let problem = error.into_problem();
                tracing::warn!(run = %job.run, user = %job.user, attempt = job.attempt, ?problem, "user failed");
                self.enter(job, EmploiTotals::default(), AttemptOutcome::Failed).await?
            }
        };
        let Taken::Ended(outcome) = taken else { return Ok(()) };
        let failed_before = before.is_some_and(|last| last.outcome == AttemptOutcome::Failed);
        let last = LastAttempt { attempt: job.attempt, outcome, failed_before };
        let noted = self.store.note_attempt(job.run, job.user, last, self.clock.now()).await;
        match unless_raced(noted)? {
            Some(()) => self.close(job, last).await,
            // The same message, taken by somebody else: theirs counts.
            None => Ok(()),
        }
    }

    /// Fetches, decides, asks the guard and writes.
    async fn synchronise(&self, job: SyncJob, batch: &RunBatch) -> Result<Taken, ApiError> {
        let no_op = async || Ok(self.enter(job, EmploiTotals::default(), AttemptOutcome::NoOp).await?);
        let (profile, payload) = {
            let _permit = batch.dataspace.acquire().await;
            let profile = match self.store.profile(job.user).await? {
                Some(profile) if !profile.stored.user.deleted => profile,
                _ => return no_op().await,
            };
            let payload = self.sync.fetch(&profile).await?;
            (profile, payload)
        };
        let Some(payload) = payload else { return no_op().await };
        let seen = count_active_emplois(&profile);
        let decision = self.sync.decide(profile, &payload, Occasion::Sync).await?;
        let removed = decision.plan.report.emplois.removed as u64;
        let outcome = AttemptOutcome::Synced(PayloadReading::from(!payload.quarantined.is_empty()));
        let taken = self.enter(job, EmploiTotals { seen, removed }, outcome).await?;
        if let Taken::Ended(_) = taken {
            match self.sync.carry_out(&decision).await {
                Err(ApiError::DecideAgain) => drop(self.sync.sync_again(job.user, &payload, Occasion::Sync).await?),
                written => written?,
            }
        }
        Ok(taken)
    }

    /// Opens the ticket a user is counted by, with what they would lose, and asks the guard: `outcome` unless the run
    /// is paused, or now has to be.
    ///
    /// The totals of the run are added up and answered by one update, so that of users handled at the same time the
    /// one that crosses the threshold knows it. A ticket that is open already is the trace of an attempt that broke
    /// off: its totals stand, and the guard is asked again, for it may have broken off before the run was paused.
    async fn enter(&self, job: SyncJob, totals: EmploiTotals, outcome: AttemptOutcome) -> Result<Taken, CommitError> {
        let run = match self.store.open_ticket(job.run, job.user, totals).await? {
            Ticket::Opened(run) | Ticket::AlreadyOpen(run) => run,
            Ticket::Refused => return Ok(Taken::LeftForLater),
        };
        if !run.run().has_to_pause() {
            return Ok(Taken::Ended(outcome));
        }
        if unless_raced(self.store.pause_run(&run, job.user).await)?.is_some() {
            Count::SyncRunsPaused.one();
            tracing::error!(run = %job.run, "mass removal: the run waits for a look");
        }
        Ok(Taken::LeftForLater)
    }

    /// Counts how a user ended, and sends those that failed a message for their next attempt, or to the dead letters.
    async fn close(&self, job: SyncJob, last: LastAttempt) -> Result<(), RunError> {
        let run = match self.store.close_ticket(job.run, job.user, last).await? {
            Some(run) => Some(run),
            // Whoever closed it may have stopped before the run was completed.
            None => self.store.run(job.run).await?,
        };
        if let Some(run) = run {
            complete(&self.store, &self.clock, &run).await?;
        }
        if last.outcome != AttemptOutcome::Failed || last.attempt != job.attempt {
            return Ok(());
        }
        match retry::pause_before_user(job.attempt) {
            Some(pause) => {
                let next = Job::Sync(SyncJob { attempt: job.attempt + 1, ..job });
                let delay_seconds = i32::try_from(pause.num_seconds()).unwrap_or_default();
                self.syncs.send(&[next], no_group, delay_seconds).await?;
            }
            None => {
                Count::SyncsGivenUp.one();
                tracing::error!(run = %job.run, user = %job.user, "user given up for the night");
                self.dead_syncs.send(&[Job::Sync(job)], no_group, 0).await?;
            }
        }
        Ok(())
    }
}

fn count_active_emplois(profile: &Profile) -> u64 {
    profile.emplois.iter().filter(|emploi| emploi.deleted_at.is_none()).count() as u64
}
