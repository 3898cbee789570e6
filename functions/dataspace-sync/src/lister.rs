//! A nightly run begun, and its users sent their messages, page by page: an interrupted listing is taken up where it
//! was.

use domain::coop::night;
use domain::coop::run::{RunView, next_attempt};
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::measures::Count;
use passerelle::platform::queue::{Queue, QueueError};
use passerelle::store::coop::{CoopStore, StoredRun};
use passerelle::store::error::{CommitError, StoreError, unless_raced};
use uuid::Uuid;

use crate::jobs::{Job, SyncJob, no_group};

/// Users of one page.
const PAGE: i32 = 500;
/// Runs the sweep looks at: those of the last days.
const RECENT: i32 = 5;

/// Why a step of a nightly run could not be written down: a message comes again, a sweep takes a listing up.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A write of the table failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Nightly runs, and the messages of their users.
#[derive(Clone)]
pub(crate) struct RunLister {
    pub(crate) store: CoopStore,
    pub(crate) syncs: Queue,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl RunLister {
    /// Begins a run over all users now, and sends each their message.
    pub(crate) async fn start(&self) -> Result<(), RunError> {
        self.start_as(self.ids.next(self.clock.now())).await.map(drop)
    }

    /// Begins the run of the night, unless one was begun since it was due; whether it did.
    pub(crate) async fn start_nightly(&self) -> Result<bool, RunError> {
        let recent = self.store.runs(None, RECENT).await?;
        self.start_unless_among(&recent).await
    }

    /// Begins the run of the night, unless one of `recent` is it or took its place. The schedule may come twice, or at
    /// the instant of a sweep: the id, which is the night's, lets one of them begin it.
    async fn start_unless_among(&self, recent: &[StoredRun]) -> Result<bool, RunError> {
        let due = night::last_due(self.clock.now());
        if recent.iter().any(|run| run.run().started_at >= due) {
            return Ok(false);
        }
        self.start_as(night::run_id(due)).await
    }

    /// Begins a run of that id, unless it is begun already; whether it did.
    async fn start_as(&self, id: Uuid) -> Result<bool, RunError> {
        let started = self.store.start_run(id, self.clock.now()).await;
        let Some(run) = unless_raced(started)? else { return Ok(false) };
        Count::SyncRunsStarted.one();
        tracing::info!(run = %run.id, "nightly run begun");
        self.list(run).await?;
        Ok(true)
    }

    /// Goes on with a listing, unless somebody is at it or it is done; whether it did.
    pub(crate) async fn resume_listing(&self, run: Uuid) -> Result<bool, RunError> {
        match unless_raced(self.store.take_listing(run, self.clock.now()).await)? {
            Some(run) if run.is_to_list() => {
                self.list(run).await?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Goes on with the listings that broke off, begins the run of a night that its schedule missed, and answers how
    /// many; completes the runs whose last user was counted by somebody who then stopped.
    pub(crate) async fn sweep(&self) -> Result<usize, RunError> {
        let recent = self.store.runs(None, RECENT).await?;
        let mut found = 0;
        for run in &recent {
            if !run.is_to_list() {
                complete(&self.store, &self.clock, run).await?;
            } else if self.resume_listing(run.id).await? {
                found += 1;
            }
        }
        // The first run of all is the schedule's: before it no night is missing.
        if !recent.is_empty() && self.start_unless_among(&recent).await? {
            found += 1;
        }
        Ok(found)
    }

    /// Lets a paused run go on without the guard; `None` when it is not paused.
    pub(crate) async fn resume(&self, run: &StoredRun) -> Result<Option<StoredRun>, StoreError> {
        let Some(resumed) = unless_raced(self.store.resume(run).await)? else { return Ok(None) };
        tracing::info!(run = %run.id, "run resumed after a look");
        // Should the message be lost, the sweep lists them.
        if let Err(error) = self.syncs.send(&[Job::List { run: run.id }], no_group, 0).await {
            tracing::warn!(run = %run.id, %error, "resumed run not announced: left to the sweep");
        }
        Ok(Some(resumed))
    }

    /// A run as the API shows it now.
    pub(crate) fn view(&self, run: &StoredRun) -> RunView {
        run.run().view(self.clock.now())
    }

    async fn list(&self, mut run: StoredRun) -> Result<(), RunError> {
        while run.is_to_list() {
            let users = self.store.user_ids(run.cursor, PAGE).await?;
            let last = users.last().copied();
            let jobs = if run.listed { self.unfinished(run.id, &users).await? } else { first_attempts(run.id, &users) };
            self.syncs.send(&jobs, no_group, 0).await?;
            let noted = self.store.note_listed(&run, last, users.len(), self.clock.now()).await;
            // Where a race was lost somebody else went on with it.
            let Some(noted) = unless_raced(noted)? else { return Ok(()) };
            run = noted;
        }
        Ok(complete(&self.store, &self.clock, &run).await?)
    }

    /// What a pause left behind of a page: users nobody tried, and those to be tried again.
    async fn unfinished(&self, run: Uuid, users: &[Uuid]) -> Result<Vec<Job>, StoreError> {
        let attempts = self.store.last_attempts(run, users).await?;
        let job = |user: &Uuid| {
            let attempt = next_attempt(attempts.get(user))?;
            Some(Job::Sync(SyncJob { run, user: *user, attempt }))
        };
        Ok(users.iter().filter_map(job).collect())
    }
}

/// Ends a run all users of which were tried, once.
pub(crate) async fn complete(store: &CoopStore, clock: &Clock, run: &StoredRun) -> Result<(), StoreError> {
    if run.run().is_done() && unless_raced(store.complete_run(run.id, clock.now()).await)?.is_some() {
        Count::SyncRunsCompleted.one();
        tracing::info!(run = %run.id, "nightly run completed");
    }
    Ok(())
}

fn first_attempts(run: Uuid, users: &[Uuid]) -> Vec<Job> {
    users.iter().map(|user| Job::Sync(SyncJob { run, user: *user, attempt: 1 })).collect()
}
