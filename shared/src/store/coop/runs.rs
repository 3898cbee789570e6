//! Nightly runs: how far they are, counted exactly once whatever comes again.
//!
//! A user being handled has a ticket in the run's item, with what the guard was told of it. Opening it adds to what the
//! guard counts, closing it counts how the user ended; both are single conditional updates of one item, so neither
//! happens twice. A run holds as many tickets as there are users under way, a dozen or so.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::marks::{Ending, Mark};
use super::{CoopStore, keys};
use crate::platform::measures::Count;
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::table::attribute;
use crate::store::transaction::Transaction;
use crate::store::update::Update;
use domain::coop::run::{Run, Status, Tally, is_mass_removal};
use domain::instant;

/// How long a lister is waited for before another goes on in its place.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What the guard is told of a user before anything of theirs is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Emplois not suppressed.
    pub seen: u64,
    /// Emplois that would be swept.
    pub removed: u64,
}

/// What the guard says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// Go on.
    Passed,
    /// The run is paused: leave the user alone. `true` where this very user made it so.
    Held(bool),
}

/// A run as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredRun {
    /// Id.
    pub id: Uuid,
    /// Where it stands.
    pub status: Status,
    #[serde(with = "instant")]
    started_at: DateTime<Utc>,
    #[serde(default, with = "instant::optional")]
    finished_at: Option<DateTime<Utc>>,
    total: u64,
    #[serde(flatten)]
    tally: Tally,
    /// Whether the guard watches over it: until it was resumed after a look.
    guarded: bool,
    /// Whether all users have had their message.
    pub listed: bool,
    /// Whether those left behind by a pause have had another.
    relisted: bool,
    /// The last user who had one.
    #[serde(default)]
    pub cursor: Option<Uuid>,
    #[serde(default, with = "instant::optional")]
    lease_until: Option<DateTime<Utc>>,
    tickets: HashMap<Uuid, Reservation>,
}

impl StoredRun {
    /// As the domain sees it.
    #[must_use]
    pub fn run(&self) -> Run {
        Run {
            id: self.id,
            status: self.status,
            started_at: self.started_at,
            finished_at: self.finished_at,
            total: self.total,
            tally: self.tally,
        }
    }

    /// Whether there are users to send messages for.
    #[must_use]
    pub const fn is_to_list(&self) -> bool {
        !self.listed || !self.relisted
    }

    /// Whether a user is being handled, or was when something broke.
    #[must_use]
    pub fn has_ticket(&self, user: Uuid) -> bool {
        self.tickets.contains_key(&user)
    }
}

impl CoopStore {
    /// Begins a run; whoever begins it lists the users.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn start_run(&self, id: Uuid, now: DateTime<Utc>) -> Result<StoredRun, CommitError> {
        let run = StoredRun {
            id,
            status: Status::Running,
            started_at: now,
            finished_at: None,
            total: 0,
            tally: Tally::default(),
            guarded: true,
            listed: false,
            relisted: true,
            cursor: None,
            lease_until: Some(now + LEASE),
            tickets: HashMap::new(),
        };
        let mut transaction = Transaction::default();
        self.put(&mut transaction, &keys::run(id), &run, &Guard::Absent)?;
        self.commit(transaction).await?;
        Ok(run)
    }

    /// A run.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn run(&self, id: Uuid) -> Result<Option<StoredRun>, StoreError> {
        self.get(&keys::run(id)).await
    }

    /// Up to `limit` runs, the newest first, before `before`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn runs(&self, before: Option<Uuid>, limit: i32) -> Result<Vec<StoredRun>, StoreError> {
        let runs = self.query(keys::RUNS).before(before.map(|id| keys::run(id).sk)).descending();
        runs.page(limit).await?.read()
    }

    /// Takes the listing of a run over, if nobody is at it.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody is.
    pub async fn take_listing(&self, id: Uuid, now: DateTime<Utc>) -> Result<StoredRun, CommitError> {
        let over = Guard::is("leaseUntil", None::<DateTime<Utc>>).or(Guard::is_at_most("leaseUntil", now));
        let free = Guard::lacks("leaseUntil").or(over);
        self.update(&keys::run(id)).set("leaseUntil", now + LEASE).when(free).send_returning().await
    }

    /// Notes that the users up to `cursor` had their message, `users` of them for the first time; `None`: all did.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody else took the listing over.
    pub async fn listed(
        &self,
        run: &StoredRun,
        cursor: Option<Uuid>,
        users: usize,
        now: DateTime<Utc>,
    ) -> Result<StoredRun, CommitError> {
        let which = if run.listed { "relisted" } else { "listed" };
        let added = if run.listed { 0 } else { users };
        let seen = Guard::is("cursor", run.cursor).and(Guard::is(which, false));
        self.update(&keys::run(run.id))
            .set("cursor", cursor)
            .set("leaseUntil", cursor.map(|_| now + LEASE))
            .set(which, cursor.is_none())
            .add("total", added)
            .when(seen)
            .send_returning()
            .await
    }

    /// Opens a user's ticket, and asks the guard. A ticket that is open already is the trace of an attempt that broke
    /// off: it has been counted, and stands.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn reserve(&self, run: Uuid, user: Uuid, asked: Reservation) -> Result<Reserved, CommitError> {
        let open = Guard::lacks(ticket(user)).and(Guard::is_not("status", attribute(&Status::Paused)?));
        let update = self.update(&keys::run(run)).set(&ticket(user), attribute(&asked)?);
        let update = update.add("seen", asked.seen).add("removed", asked.removed).when(open);
        let Some(now) = unless_raced(update.send_returning::<StoredRun>().await)? else {
            let run = self.run(run).await?;
            let stands = run.is_some_and(|run| run.has_ticket(user) && run.status != Status::Paused);
            return Ok(if stands { Reserved::Passed } else { Reserved::Held(false) });
        };
        if !now.guarded || !is_mass_removal(now.tally.seen, now.tally.removed) {
            return Ok(Reserved::Passed);
        }
        let pause = self.close(run, user, asked).set("status", attribute(&Status::Paused)?);
        pause.send().await.map(|()| Reserved::Held(true))
    }

    /// Closes a user's ticket and counts how they ended: once, whoever comes first. Answers the run as it is then, or
    /// nothing when the ticket was closed already.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn settle(&self, run: Uuid, user: Uuid, mark: Mark) -> Result<Option<StoredRun>, CommitError> {
        // What was not written was neither seen nor removed.
        let given_back = match mark.ending {
            Ending::Synced(_) => Reservation::default(),
            Ending::NoOp | Ending::Failed => {
                let now = self.run(run).await?;
                let Some(ticket) = now.and_then(|run| run.tickets.get(&user).copied()) else { return Ok(None) };
                ticket
            }
        };
        let (synced, no_op, failed) = match mark.ending {
            Ending::Synced(_) => (1, 0, -i64::from(mark.failed_before)),
            Ending::NoOp => (0, 1, -i64::from(mark.failed_before)),
            Ending::Failed => (0, 0, i64::from(!mark.failed_before)),
        };
        let update = self
            .close(run, user, given_back)
            .add("synced", synced)
            .add("noOp", no_op)
            .add("failed", failed)
            .add("quarantined", i64::from(mark.ending == Ending::Synced(true)));
        Ok(unless_raced(update.send_returning().await)?)
    }

    /// Ends a run all users of which were tried. Nothing happens while some were not, or the run is paused.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn complete(&self, run: &StoredRun, now: DateTime<Utc>) -> Result<(), CommitError> {
        if run.status != Status::Running || !run.listed || run.run().pending() > 0 {
            return Ok(());
        }
        let running = Guard::is("status", attribute(&Status::Running)?);
        let update = self.update(&keys::run(run.id)).set("status", attribute(&Status::Completed)?);
        if unless_raced(update.set("finishedAt", now).when(running).send().await)?.is_some() {
            Count::SyncRunsCompleted.one();
        }
        Ok(())
    }

    /// Lets a paused run go on without the guard: users left behind are to be listed again.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is not paused.
    pub async fn resume(&self, run: &StoredRun) -> Result<StoredRun, CommitError> {
        let paused = Guard::is("status", attribute(&Status::Paused)?).and(Guard::is("listed", run.listed));
        let update = self.update(&keys::run(run.id)).set("status", attribute(&Status::Running)?).when(paused);
        let update = update.set("guarded", false).set("relisted", false);
        // A first listing under way keeps its place; the second one begins when it ends.
        let update = if run.listed { update.set("cursor", None::<Uuid>) } else { update };
        update.send_returning().await
    }

    /// An update that closes a ticket, with `given_back` taken from what the guard counts.
    fn close(&self, run: Uuid, user: Uuid, given_back: Reservation) -> Update<'_> {
        let negative = |value: u64| -i64::try_from(value).unwrap_or(i64::MAX);
        self.update(&keys::run(run))
            .remove(&ticket(user))
            .add("seen", negative(given_back.seen))
            .add("removed", negative(given_back.removed))
            .when(Guard::has(ticket(user)))
    }
}

/// Where a user's ticket lies in a run's item.
fn ticket(user: Uuid) -> String {
    format!("tickets.{user}")
}
