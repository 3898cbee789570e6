//! A nightly run: how far it is, how its users ended, and the guard that pauses it when so many emplois would be removed
//! that a partial outage of the Dataspace is the likelier cause.
//!
//! Source: docs/spec/coop.md#triggers

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::retry;
use crate::instant;

/// The guard does not judge before this many emplois were seen: of fewer, a share says little.
const MIN_SEEN: u64 = 50;
/// At most one in this many of the emplois seen may be removed.
const ONE_REMOVED_IN: u64 = 5;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Users are being synchronised.
    Running,
    /// The guard stopped it: a person has to look.
    Paused,
    /// Every user was tried at least once.
    Completed,
}

/// How many users ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Synchronised.
    pub synced: u64,
    /// Not known to the Dataspace.
    pub no_op: u64,
    /// Failed so far.
    pub failed: u64,
    /// Synchronised, with something that could not be read.
    pub quarantined: u64,
    /// Emplois not deleted before, of users synchronised or being so.
    pub seen: u64,
    /// Those of them that are removed.
    pub removed: u64,
}

/// What an attempt adds to a tally; an attempt that follows a failed one takes the failure back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyChange {
    /// Users synchronised.
    pub synced: i64,
    /// Users the Dataspace does not know.
    pub no_op: i64,
    /// Users that failed.
    pub failed: i64,
    /// Users with something that could not be read.
    pub quarantined: i64,
}

/// How an attempt at a user ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AttemptOutcome {
    /// Synchronised.
    Synced(PayloadReading),
    /// Not known to the Dataspace, or deleted meanwhile.
    NoOp,
    /// It failed.
    Failed,
}

/// Whether all of a payload could be read. Stored as whether something was quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum PayloadReading {
    /// All of it.
    Complete,
    /// Something was quarantined.
    Partial,
}

/// The last attempt at a user of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastAttempt {
    /// Which attempt, from 1.
    pub attempt: u32,
    /// How it ended.
    #[serde(rename = "ending")]
    pub outcome: AttemptOutcome,
    /// Whether an earlier attempt had failed.
    pub failed_before: bool,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Id.
    pub id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When every user had been tried.
    pub finished_at: Option<DateTime<Utc>>,
    /// Users it is about.
    pub total: u64,
    /// How they ended.
    pub tally: Tally,
    /// Whether all users have had their message: then `total` is all of them.
    pub listed: bool,
    /// Whether the guard judges it: until it is resumed after a look.
    pub guarded: bool,
}

/// A run as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunView {
    /// Id.
    pub id: Uuid,
    /// Where it stands.
    pub status: Status,
    /// When it began.
    #[serde(with = "instant")]
    pub started_at: DateTime<Utc>,
    /// When every user had been tried.
    #[serde(with = "instant::optional")]
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it took, or has been taking.
    pub duration_ms: i64,
    /// Users it is about.
    pub total: u64,
    /// Users synchronised.
    pub synced: u64,
    /// Users the Dataspace does not know.
    pub no_op: u64,
    /// Users that failed so far.
    pub failed: u64,
    /// Users with something that could not be read; they count as synchronised too.
    pub quarantined: u64,
    /// Users still to be tried.
    pub pending: u64,
    /// Emplois.
    pub emplois: EmploiTotals,
}

/// The emplois the guard counts, of one user or of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmploiTotals {
    /// Not deleted before the synchronisation.
    pub seen: u64,
    /// Those of them that it removes.
    pub removed: u64,
}

impl AttemptOutcome {
    /// Whether the user's emplois were written, so that what the guard was told of them stands.
    #[must_use]
    pub const fn was_written(self) -> bool {
        matches!(self, Self::Synced(_))
    }
}

impl From<bool> for PayloadReading {
    fn from(quarantined: bool) -> Self {
        if quarantined { Self::Partial } else { Self::Complete }
    }
}

impl From<PayloadReading> for bool {
    fn from(reading: PayloadReading) -> Self {
        reading == PayloadReading::Partial
    }
}

impl LastAttempt {
    /// What it adds to the run's tally.
    #[must_use]
    pub fn tally_change(&self) -> TallyChange {
        let taken_back = -i64::from(self.failed_before);
        match self.outcome {
            AttemptOutcome::Synced(reading) => TallyChange {
                synced: 1,
                failed: taken_back,
                quarantined: i64::from(reading == PayloadReading::Partial),
                ..TallyChange::default()
            },
            AttemptOutcome::NoOp => TallyChange { no_op: 1, failed: taken_back, ..TallyChange::default() },
            AttemptOutcome::Failed => TallyChange { failed: 1 + taken_back, ..TallyChange::default() },
        }
    }
}

/// The number of the attempt a user still has to have after `last`, from 1; `None` when they are done with, or given up.
#[must_use]
pub fn next_attempt(last: Option<&LastAttempt>) -> Option<u32> {
    match last {
        None => Some(1),
        Some(last) if last.outcome == AttemptOutcome::Failed => {
            retry::pause_before_user(last.attempt).map(|_| last.attempt + 1)
        }
        Some(_) => None,
    }
}

impl Run {
    /// Users not tried yet.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.total.saturating_sub(self.tally.synced + self.tally.no_op + self.tally.failed)
    }

    /// Whether it is to be paused: too many of the emplois seen would be removed.
    #[must_use]
    pub const fn has_to_pause(&self) -> bool {
        self.guarded && is_mass_removal(self.tally.seen, self.tally.removed)
    }

    /// Whether every user was tried, so that it can be completed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.status == Status::Running && self.listed && self.pending() == 0
    }

    /// As it is shown at `now`.
    #[must_use]
    pub fn view(&self, now: DateTime<Utc>) -> RunView {
        let Tally { synced, no_op, failed, quarantined, seen, removed } = self.tally;
        RunView {
            id: self.id,
            status: self.status,
            started_at: self.started_at,
            finished_at: self.finished_at,
            duration_ms: (self.finished_at.unwrap_or(now) - self.started_at).num_milliseconds(),
            total: self.total,
            synced,
            no_op,
            failed,
            quarantined,
            pending: self.pending(),
            emplois: EmploiTotals { seen, removed },
        }
    }
}

/// Whether more than one in five of the emplois seen would be removed, once fifty were seen; exactly one in five may be.
const fn is_mass_removal(seen: u64, removed: u64) -> bool {
    seen >= MIN_SEEN && removed.saturating_mul(ONE_REMOVED_IN) > seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_pauses_when_more_than_one_in_five_of_fifty_or_more_would_go() {
        assert!(!is_mass_removal(49, 49));
        assert!(!is_mass_removal(50, 10));
        assert!(is_mass_removal(50, 11));
        assert!(!is_mass_removal(60, 12));
        assert!(is_mass_removal(60, 60));
        assert!(!is_mass_removal(0, 0));
    }

    #[test]
    fn a_run_adds_up_and_its_clock_stops_at_the_end() {
        let tally = Tally { synced: 3, no_op: 2, failed: 1, quarantined: 1, seen: 9, removed: 1 };
        let run = Run { tally, total: 8, ..running() };
        let view = run.view(at("2026-04-02T00:00:02Z"));
        assert_eq!((view.pending, view.duration_ms), (2, 2_000));
        let done = Run { finished_at: Some(at("2026-04-02T00:00:01Z")), ..run };
        assert_eq!(done.view(at("2026-04-03T00:00:00Z")).duration_ms, 1_000);
    }

    fn at(text: &str) -> DateTime<Utc> {
        instant::parse(text).unwrap()
    }

    fn running() -> Run {
        Run {
            id: Uuid::nil(),
            status: Status::Running,
            started_at: at("2026-04-02T00:00:00Z"),
            finished_at: None,
            total: 0,
            tally: Tally::default(),
            listed: true,
            guarded: true,
        }
    }

    #[test]
    fn a_run_pauses_only_while_it_is_guarded_and_ends_when_nobody_is_pending() {
        let too_many = Tally { seen: 50, removed: 11, ..Tally::default() };
        assert!(Run { tally: too_many, ..running() }.has_to_pause());
        assert!(!Run { tally: too_many, guarded: false, ..running() }.has_to_pause());
        assert!(running().is_done());
        assert!(!Run { total: 1, ..running() }.is_done());
        assert!(!Run { listed: false, ..running() }.is_done());
        assert!(!Run { status: Status::Paused, ..running() }.is_done());
        assert!(!Run { status: Status::Completed, ..running() }.is_done());
    }

    #[test]
    fn a_user_is_counted_where_the_last_attempt_ended() {
        let change = |outcome, failed_before| {
            let TallyChange { synced, no_op, failed, quarantined } =
                LastAttempt { attempt: 2, outcome, failed_before }.tally_change();
            [synced, no_op, failed, quarantined]
        };
        let synced = AttemptOutcome::Synced;
        assert_eq!(change(synced(PayloadReading::Complete), false), [1, 0, 0, 0]);
        assert_eq!(change(synced(PayloadReading::Partial), true), [1, 0, -1, 1]);
        assert_eq!(change(AttemptOutcome::NoOp, true), [0, 1, -1, 0]);
        assert_eq!(change(AttemptOutcome::Failed, false), [0, 0, 1, 0]);
        assert_eq!(change(AttemptOutcome::Failed, true), [0, 0, 0, 0]);
    }

    #[test]
    fn only_who_failed_is_tried_again_and_three_times_in_all() {
        let last = |attempt, outcome| LastAttempt { attempt, outcome, failed_before: attempt > 1 };
        assert_eq!(next_attempt(None), Some(1));
        assert_eq!(next_attempt(Some(&last(1, AttemptOutcome::Failed))), Some(2));
        assert_eq!(next_attempt(Some(&last(2, AttemptOutcome::Failed))), Some(3));
        assert_eq!(next_attempt(Some(&last(3, AttemptOutcome::Failed))), None);
        assert_eq!(next_attempt(Some(&last(1, AttemptOutcome::NoOp))), None);
    }

    #[test]
    fn attempts_are_stored_as_they_were_before_they_had_names() {
        let stored = serde_json::json!({"attempt": 1, "ending": {"synced": true}, "failedBefore": false});
        let last: LastAttempt = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(last.outcome, AttemptOutcome::Synced(PayloadReading::Partial));
        assert_eq!(serde_json::to_value(last).unwrap(), stored);
    }
}
