//! The users of a nightly run, each alone: what fails of one is counted, tried again later, and stops nobody else.

use std::collections::HashMap;

use domain::coop::plan::Occasion;
use domain::coop::retry;
use domain::coop::run::Status;
use domain::coop::user::Emploi;
use passerelle::platform::measures::Count;
use passerelle::store::coop::{Ending, Mark, Profile, Reservation, Reserved, StoredRun};
use passerelle::store::error::{CommitError, StoreError};
use passerelle::web::error::ApiError;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::App;
use crate::jobs::{Job, SyncTurn, no_group};
use crate::lister::{RunError, TRIES};

/// The longest that SQS delays a message, in seconds.
const LONGEST_DELAY: i64 = 900;

/// What was read for all turns of one batch and one run.
pub(crate) struct Round {
    run: Option<StoredRun>,
    marks: HashMap<Uuid, Mark>,
    /// One permit: the Dataspace is asked by as many at once as there are invocations.
    dataspace: Semaphore,
}

/// How a user's synchronisation went.
enum Went {
    Ended(Ending),
    /// The run is paused: the user is left alone.
    Held,
}

impl App {
    /// Reads what the turns of a run need.
    pub(crate) async fn round(&self, run: Uuid, users: &[Uuid]) -> Result<Round, StoreError> {
        let (run, marks) = futures_util::try_join!(self.store.run(run), self.store.marks(run, users))?;
        Ok(Round { run, marks, dataspace: Semaphore::new(1) })
    }

    /// Takes one turn.
    pub(crate) async fn take_turn(&self, turn: SyncTurn, round: &Round) -> Result<(), RunError> {
        let Some(run) = &round.run else {
            tracing::error!(run = %turn.run, "a message names no run: dropped");
            return Ok(());
        };
        let before = round.marks.get(&turn.user);
        if let Some(mark) = before.filter(|mark| mark.attempt >= turn.attempt) {
            // Whoever wrote the mark may have stopped before it was counted.
            return self.close(turn, *mark).await;
        }
        // A resumed run lists again whoever it left behind.
        if run.status == Status::Paused {
            return Ok(());
        }
        let went = match self.followed(turn, round).await {
            Ok(went) => went,
            Err(error) => {
                let problem = error.into_problem();
                tracing::warn!(run = %turn.run, user = %turn.user, attempt = turn.attempt, ?problem, "user failed");
                self.ticket(turn, Reservation::default(), Went::Ended(Ending::Failed)).await?
            }
        };
        let Went::Ended(ending) = went else { return Ok(()) };
        let failed_before = before.is_some_and(|mark| mark.ending == Ending::Failed);
        let mark = Mark { attempt: turn.attempt, ending, failed_before };
        match self.store.mark(turn.run, turn.user, mark, self.clock.now()).await {
            Ok(()) => self.close(turn, mark).await,
            // The same message, taken by somebody else: theirs counts.
            Err(CommitError::Race) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Fetches, decides, asks the guard and writes.
    async fn followed(&self, turn: SyncTurn, round: &Round) -> Result<Went, ApiError> {
        let (profile, payload) = {
            let _permit = round.dataspace.acquire().await;
            let profile = match self.store.profile(turn.user).await? {
                Some(profile) if !profile.stored.user.deleted => profile,
                _ => return Ok(self.ticket(turn, Reservation::default(), Went::Ended(Ending::NoOp)).await?),
            };
            let payload = self.fetched(&profile).await?;
            (profile, payload)
        };
        let Some(payload) = payload else {
            return Ok(self.ticket(turn, Reservation::default(), Went::Ended(Ending::NoOp)).await?);
        };
        let seen = standing(&profile);
        let decision = self.decide(profile, &payload, Occasion::Sync).await?;
        let removed = decision.plan.report.emplois.removed as u64;
        let ending = Ending::Synced(!payload.quarantined.is_empty());
        let went = self.ticket(turn, Reservation { seen, removed }, Went::Ended(ending)).await?;
        if let Went::Ended(_) = went {
            match self.carry_out(&decision).await {
                Err(ApiError::Race) => drop(self.follow_again(turn.user, &payload, Occasion::Sync).await?),
                written => written?,
            }
        }
        Ok(went)
    }

    /// Opens the ticket a user is counted by; `went` unless the guard holds the user back.
    async fn ticket(&self, turn: SyncTurn, asked: Reservation, went: Went) -> Result<Went, CommitError> {
        match self.store.reserve(turn.run, turn.user, asked).await? {
            Reserved::Passed => Ok(went),
            Reserved::Held(false) => Ok(Went::Held),
            Reserved::Held(true) => {
                Count::SyncRunsPaused.one();
                tracing::error!(run = %turn.run, "mass removal: the run waits for a look");
                Ok(Went::Held)
            }
        }
    }

    /// Counts how a user ended, and sends those that failed round again: three times in all, then to the dead letters.
    async fn close(&self, turn: SyncTurn, mark: Mark) -> Result<(), RunError> {
        if let Some(run) = self.store.settle(turn.run, turn.user, mark).await? {
            self.store.complete(&run, self.clock.now()).await?;
        }
        if mark.ending != Ending::Failed || mark.attempt != turn.attempt {
            return Ok(());
        }
        match retry::user(turn.attempt).filter(|_| turn.attempt < TRIES) {
            Some(pause) => {
                let next = Job::Sync(SyncTurn { attempt: turn.attempt + 1, ..turn });
                let delay = i32::try_from(pause.num_seconds().min(LONGEST_DELAY)).unwrap_or_default();
                self.syncs.send(&[next], no_group, delay).await?;
            }
            None => {
                Count::SyncsGivenUp.one();
                tracing::error!(run = %turn.run, user = %turn.user, "user given up for the night");
                self.dead_syncs.send(&[Job::Sync(turn)], no_group, 0).await?;
            }
        }
        Ok(())
    }
}

/// Emplois not suppressed.
fn standing(profile: &Profile) -> u64 {
    let stands = |emploi: &&Emploi| emploi.suppression.is_none();
    profile.emplois.iter().filter(stands).count() as u64
}
