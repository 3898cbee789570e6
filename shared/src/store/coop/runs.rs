//! Nightly runs: how far they are, counted exactly once whatever comes again.
//!
//! A user being handled has a ticket in the run's item, with what the guard was told of it. Opening it adds to what the
//! guard counts, closing it counts how the user ended; both are single conditional updates of one item, so neither
//! happens twice. A run holds as many tickets as there are users under way, a dozen or so.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::marks::{Ending, Mark};
use super::{CoopStore, keys};
use crate::platform::measures::Count;
use crate::store::error::{CommitError, StoreError};
use crate::store::schema;
use crate::store::transaction::{Guard, Transaction};
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
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":pk", AttributeValue::S(keys::RUNS.to_owned()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit);
        let query = match before {
            None => query.key_condition_expression("PK = :pk"),
            Some(before) => query
                .key_condition_expression("PK = :pk AND SK < :before")
                .expression_attribute_values(":before", AttributeValue::S(before.to_string())),
        };
        let answer = query.send().await.map_err(StoreError::aws("Query"))?;
        schema::read_all(answer.items)
    }

    /// Takes the listing of a run over, if nobody is at it.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody is.
    pub async fn take_listing(&self, id: Uuid, now: DateTime<Utc>) -> Result<StoredRun, CommitError> {
        let update = self
            .run_update(id)
            .update_expression("SET leaseUntil = :until")
            .condition_expression("attribute_not_exists(leaseUntil) OR leaseUntil = :null OR leaseUntil <= :now")
            .expression_attribute_values(":until", AttributeValue::S(instant::text(now + LEASE)))
            .expression_attribute_values(":null", AttributeValue::Null(true))
            .expression_attribute_values(":now", AttributeValue::S(instant::text(now)));
        updated(update).await
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
        let (lease, at) = match cursor {
            Some(at) => (AttributeValue::S(instant::text(now + LEASE)), AttributeValue::S(at.to_string())),
            None => (AttributeValue::Null(true), AttributeValue::Null(true)),
        };
        let seen = run.cursor.map_or(AttributeValue::Null(true), |seen| AttributeValue::S(seen.to_string()));
        let update = self
            .run_update(run.id)
            .update_expression("SET #cursor = :cursor, leaseUntil = :lease, #which = :done ADD #total :users")
            .condition_expression("#cursor = :seen AND #which = :open")
            .expression_attribute_names("#cursor", "cursor")
            .expression_attribute_names("#which", which)
            .expression_attribute_names("#total", "total")
            .expression_attribute_values(":cursor", at)
            .expression_attribute_values(":lease", lease)
            .expression_attribute_values(":done", AttributeValue::Bool(cursor.is_none()))
            .expression_attribute_values(":open", AttributeValue::Bool(false))
            .expression_attribute_values(":seen", seen)
            .expression_attribute_values(":users", AttributeValue::N(added.to_string()));
        updated(update).await
    }

    /// Opens a user's ticket, and asks the guard. A ticket that is open already is the trace of an attempt that broke
    /// off: it has been counted, and stands.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn reserve(&self, run: Uuid, user: Uuid, asked: Reservation) -> Result<Reserved, CommitError> {
        let ticket = serde_dynamo::to_attribute_value(asked).map_err(StoreError::from)?;
        let update = self
            .run_update(run)
            .update_expression("SET tickets.#user = :ticket ADD seen :seen, removed :removed")
            .condition_expression("attribute_not_exists(tickets.#user) AND #status <> :paused")
            .expression_attribute_names("#user", user.to_string())
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":ticket", ticket)
            .expression_attribute_values(":seen", number(asked.seen))
            .expression_attribute_values(":removed", number(asked.removed))
            .expression_attribute_values(":paused", AttributeValue::S("paused".to_owned()));
        let now = match updated(update).await {
            Ok(now) => now,
            Err(CommitError::Race) => {
                let run = self.run(run).await?;
                let stands = run.is_some_and(|run| run.has_ticket(user) && run.status != Status::Paused);
                return Ok(if stands { Reserved::Passed } else { Reserved::Held(false) });
            }
            Err(error) => return Err(error),
        };
        if !now.guarded || !is_mass_removal(now.tally.seen, now.tally.removed) {
            return Ok(Reserved::Passed);
        }
        let update = self
            .close(run, user, asked)
            .update_expression("SET #status = :paused REMOVE tickets.#user ADD seen :seen, removed :removed")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":paused", AttributeValue::S("paused".to_owned()));
        updated(update).await.map(|_| Reserved::Held(true))
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
        let add = "synced :synced, noOp :no_op, failed :failed, quarantined :quarantined, seen :seen, removed :removed";
        let signed = |value: i64| AttributeValue::N(value.to_string());
        let update = self
            .close(run, user, given_back)
            .update_expression(format!("REMOVE tickets.#user ADD {add}"))
            .expression_attribute_values(":synced", signed(synced))
            .expression_attribute_values(":no_op", signed(no_op))
            .expression_attribute_values(":failed", signed(failed))
            .expression_attribute_values(":quarantined", signed(i64::from(mark.ending == Ending::Synced(true))));
        match updated(update).await {
            Ok(run) => Ok(Some(run)),
            Err(CommitError::Race) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends a run all users of which were tried. Nothing happens while some were not, or the run is paused.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn complete(&self, run: &StoredRun, now: DateTime<Utc>) -> Result<(), CommitError> {
        if run.status != Status::Running || !run.listed || run.run().pending() > 0 {
            return Ok(());
        }
        let update = self
            .run_update(run.id)
            .update_expression("SET #status = :completed, finishedAt = :now")
            .condition_expression("#status = :running")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":completed", AttributeValue::S("completed".to_owned()))
            .expression_attribute_values(":running", AttributeValue::S("running".to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(instant::text(now)));
        match updated(update).await {
            Ok(_) => {
                Count::SyncRunsCompleted.one();
                Ok(())
            }
            Err(CommitError::Race) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Lets a paused run go on without the guard: users left behind are to be listed again.
    ///
    /// # Errors
    /// [`CommitError::Race`] when it is not paused.
    pub async fn resume(&self, run: &StoredRun) -> Result<StoredRun, CommitError> {
        // A first listing under way keeps its place; the second one begins when it ends.
        let expression = if run.listed {
            "SET #status = :running, guarded = :no, relisted = :no, #cursor = :null"
        } else {
            "SET #status = :running, guarded = :no, relisted = :no"
        };
        let mut update = self
            .run_update(run.id)
            .update_expression(expression)
            .condition_expression("#status = :paused AND listed = :listed")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":running", AttributeValue::S("running".to_owned()))
            .expression_attribute_values(":paused", AttributeValue::S("paused".to_owned()))
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":listed", AttributeValue::Bool(run.listed));
        if run.listed {
            update = update
                .expression_attribute_names("#cursor", "cursor")
                .expression_attribute_values(":null", AttributeValue::Null(true));
        }
        updated(update).await
    }

    fn run_update(&self, id: Uuid) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::run(id).to_attributes()))
            .return_values(ReturnValue::AllNew)
    }

    /// An update that closes a ticket, with `given_back` taken from what the guard counts.
    fn close(&self, run: Uuid, user: Uuid, given_back: Reservation) -> UpdateItemFluentBuilder {
        let negative = |value: u64| AttributeValue::N(if value == 0 { "0".to_owned() } else { format!("-{value}") });
        self.run_update(run)
            .condition_expression("attribute_exists(tickets.#user)")
            .expression_attribute_names("#user", user.to_string())
            .expression_attribute_values(":seen", negative(given_back.seen))
            .expression_attribute_values(":removed", negative(given_back.removed))
    }
}

async fn updated(update: UpdateItemFluentBuilder) -> Result<StoredRun, CommitError> {
    let answer = update.send().await.map_err(CommitError::of_write("UpdateItem"))?;
    Ok(schema::read(answer.attributes.unwrap_or_default())?)
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
