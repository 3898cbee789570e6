//! A nightly run begun, and its users sent their messages, page by page: an interrupted listing is taken up where it
//! was.

use passerelle::platform::measures::Count;
use passerelle::platform::queue::QueueError;
use passerelle::store::coop::{Ending, StoredRun};
use passerelle::store::error::{CommitError, StoreError};
use uuid::Uuid;

use crate::app::App;
use crate::jobs::{Job, SyncTurn, no_group};

/// Users of one page.
const PAGE: i32 = 500;
/// Runs the sweep looks at: those of the last days.
const RECENT: i32 = 5;
/// How often a user is tried in all.
pub(crate) const TRIES: u32 = 3;

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

impl App {
    /// Begins a run over all users and sends each their message.
    pub(crate) async fn start_run(&self) -> Result<Uuid, RunError> {
        let run = self.store.start_run(self.new_id(), self.clock.now()).await?;
        Count::SyncRunsStarted.one();
        tracing::info!(run = %run.id, "nightly run begun");
        let id = run.id;
        self.list(run).await?;
        Ok(id)
    }

    /// Goes on with a listing, unless somebody is at it or it is done.
    pub(crate) async fn take_listing(&self, run: Uuid) -> Result<bool, RunError> {
        match self.store.take_listing(run, self.clock.now()).await {
            Ok(run) if run.is_to_list() => {
                self.list(run).await?;
                Ok(true)
            }
            Ok(_) | Err(CommitError::Race) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes up the listings that broke off, and answers how many.
    pub(crate) async fn sweep_listings(&self) -> Result<usize, RunError> {
        let mut taken = 0;
        for run in self.store.runs(None, RECENT).await? {
            if run.is_to_list() && self.take_listing(run.id).await? {
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn list(&self, mut run: StoredRun) -> Result<(), RunError> {
        while run.is_to_list() {
            let users = self.store.user_ids(run.cursor, PAGE).await?;
            let last = users.last().copied();
            let turns = if run.listed { self.left_behind(run.id, &users).await? } else { first_turns(run.id, &users) };
            self.syncs.send(&turns, no_group, 0).await?;
            run = match self.store.listed(&run, last, users.len(), self.clock.now()).await {
                Ok(run) => run,
                // Somebody else went on with it.
                Err(CommitError::Race) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(self.store.complete(&run, self.clock.now()).await?)
    }

    /// What a pause left behind of a page: users nobody tried, and those to be tried again.
    async fn left_behind(&self, run: Uuid, users: &[Uuid]) -> Result<Vec<Job>, StoreError> {
        let marks = self.store.marks(run, users).await?;
        let turn = |user: &Uuid| {
            let attempt = match marks.get(user) {
                None => 1,
                Some(mark) if mark.ending == Ending::Failed && mark.attempt < TRIES => mark.attempt + 1,
                Some(_) => return None,
            };
            Some(Job::Sync(SyncTurn { run, user: *user, attempt }))
        };
        Ok(users.iter().filter_map(turn).collect())
    }
}

fn first_turns(run: Uuid, users: &[Uuid]) -> Vec<Job> {
    users.iter().map(|user| Job::Sync(SyncTurn { run, user: *user, attempt: 1 })).collect()
}
