//! Nightly runs: how far they are, counted exactly once whatever comes again.
//!
//! A user being handled has a ticket in the run's item, with the totals that were added to the run's. Opening it adds
//! them, closing it counts how the user ended; both are single conditional updates of one item, so neither happens
//! twice. What the run's totals mean is for the domain to say. A run holds as many tickets as there are users under way, a dozen or so.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::{CommitError, StoreError, unless_raced};
use crate::store::guard::Guard;
use crate::store::table::attribute;
use crate::store::transaction::Transaction;
use crate::store::update::Update;
use domain::coop::run::{EmploiTotals, LastAttempt, Run, Status, Tally};
use domain::instant;

/// How long a lister is waited for before another goes on in its place.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What became of the wish to open a user's ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// It is open, and its totals are added to the run's: the run as it is then.
    Opened(StoredRun),
    /// It was open already: the run as it is.
    AlreadyOpen(StoredRun),
    /// The run is paused, or there is none.
    Refused,
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
    /// Whether the guard judges it: until it is resumed after a look.
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
    tickets: HashMap<Uuid, EmploiTotals>,
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
            listed: self.listed,
            guarded: self.guarded,
        }
    }

    /// Whether there are users to send messages for.
    #[must_use]
    pub const fn is_to_list(&self) -> bool {
        !self.listed || !self.relisted
    }
}

impl CoopStore {
    /// Begins a run; whoever begins it lists the users.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is begun already, and when DynamoDB fails.
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
        self.update(&keys::run(id)).set("leaseUntil", now + LEASE).when(free).once().send_returning().await
    }

    /// Notes that the users up to `cursor` had their message, `users` of them for the first time; `None`: all did.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody else took the listing over.
    pub async fn note_listed(
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
            .once()
            .send_returning()
            .await
    }

    /// Opens a user's ticket and adds its `totals` to the run's, in one update whose answer tells the run as it is
    /// then: no other ticket comes in between.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn open_ticket(&self, run: Uuid, user: Uuid, totals: EmploiTotals) -> Result<Ticket, CommitError> {
        let open = Guard::lacks(ticket(user)).and(Guard::is_not("status", attribute(&Status::Paused)?));
        let update = self.update(&keys::run(run)).set(&ticket(user), attribute(&totals)?);
        let update = update.add("seen", totals.seen).add("removed", totals.removed).when(open).once();
        if let Some(run) = unless_raced(update.send_returning().await)? {
            return Ok(Ticket::Opened(run));
        }
        let found = self.run(run).await?;
        let open = found.filter(|run| run.status != Status::Paused && run.tickets.contains_key(&user));
        Ok(open.map_or(Ticket::Refused, Ticket::AlreadyOpen))
    }

    /// Pauses a run, taking back a user's ticket with its totals.
    ///
    /// # Errors
    /// [`CommitError::Race`] when the ticket is no longer open.
    pub async fn pause_run(&self, run: &StoredRun, user: Uuid) -> Result<(), CommitError> {
        let totals = run.tickets.get(&user).copied().unwrap_or_default();
        self.close(run.id, user, totals).set("status", attribute(&Status::Paused)?).send().await
    }

    /// Closes a user's ticket and counts how the attempt ended: once, whoever comes first. Answers the run as it is
    /// then, or nothing when the ticket was closed already.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn close_ticket(
        &self,
        run: Uuid,
        user: Uuid,
        last: LastAttempt,
    ) -> Result<Option<StoredRun>, StoreError> {
        // What was not written was neither seen nor removed.
        let taken_back = if last.outcome.was_written() {
            EmploiTotals::default()
        } else {
            let now = self.run(run).await?;
            let Some(totals) = now.and_then(|run| run.tickets.get(&user).copied()) else { return Ok(None) };
            totals
        };
        let change = last.tally_change();
        let update = self
            .close(run, user, taken_back)
            .add("synced", change.synced)
            .add("noOp", change.no_op)
            .add("failed", change.failed)
            .add("quarantined", change.quarantined);
        unless_raced(update.send_returning().await)
    }

    /// Ends a run.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is paused, or has ended already.
    pub async fn complete_run(&self, run: Uuid, now: DateTime<Utc>) -> Result<(), CommitError> {
        let running = Guard::is("status", attribute(&Status::Running)?);
        let update = self.update(&keys::run(run)).set("status", attribute(&Status::Completed)?);
        update.set("finishedAt", now).when(running).once().send().await
    }

    /// Lets a paused run go on without the guard: users left behind are to be listed again.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is not paused.
    pub async fn resume(&self, run: &StoredRun) -> Result<StoredRun, CommitError> {
        let paused = Guard::is("status", attribute(&Status::Paused)?).and(Guard::is("listed", run.listed));
        let update = self.update(&keys::run(run.id)).set("status", attribute(&Status::Running)?).when(paused).once();
        let update = update.set("guarded", false).set("relisted", false);
        // A first listing under way keeps its place; the second one begins when it ends.
        let update = if run.listed { update.set("cursor", None::<Uuid>) } else { update };
        update.send_returning().await
    }

    /// An update that closes a ticket, with `taken_back` taken from the run's totals.
    fn close(&self, run: Uuid, user: Uuid, taken_back: EmploiTotals) -> Update<'_> {
        let negative = |value: u64| -i64::try_from(value).unwrap_or(i64::MAX);
        self.update(&keys::run(run))
            .remove(&ticket(user))
            .add("seen", negative(taken_back.seen))
            .add("removed", negative(taken_back.removed))
            .when(Guard::has(ticket(user)))
            .once()
    }
}

/// Where a user's ticket lies in a run's item.
fn ticket(user: Uuid) -> String {
    format!("tickets.{user}")
}
