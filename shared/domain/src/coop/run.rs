//! A nightly run: how far it is, and the guard that holds it back when a partial outage of the Dataspace looks like a
//! mass removal.
//!
//! Source: docs/spec/coop.md#triggers

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::instant;

/// The guard keeps quiet until this many emplois were seen: a share of little says little.
const GUARDED_FROM: u64 = 50;
/// The share of emplois seen that may be removed: one in this many.
const REMOVABLE: u64 = 5;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Users are being synchronised.
    Running,
    /// The guard held it back: a person has to look.
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
    /// Emplois not suppressed before, of users synchronised.
    pub seen: u64,
    /// Emplois swept.
    pub removed: u64,
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
}

/// A run as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
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
    pub emplois: Emplois,
}

/// Emplois of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Emplois {
    /// Not suppressed before, of the users synchronised.
    pub seen: u64,
    /// Swept.
    pub removed: u64,
}

impl Run {
    /// Users not tried yet.
    #[must_use]
    pub const fn pending(&self) -> u64 {
        self.total.saturating_sub(self.tally.synced + self.tally.no_op + self.tally.failed)
    }

    /// As it is shown at `now`.
    #[must_use]
    pub fn view(&self, now: DateTime<Utc>) -> View {
        let Tally { synced, no_op, failed, quarantined, seen, removed } = self.tally;
        View {
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
            emplois: Emplois { seen, removed },
        }
    }
}

/// Whether a run that removes so many of the emplois seen has to stop. Exactly the share that may go may go.
#[must_use]
pub const fn is_mass_removal(seen: u64, removed: u64) -> bool {
    seen >= GUARDED_FROM && removed.saturating_mul(REMOVABLE) > seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_stops_above_a_fifth_of_fifty() {
        assert!(!is_mass_removal(49, 49));
        assert!(!is_mass_removal(50, 10));
        assert!(is_mass_removal(50, 11));
        assert!(!is_mass_removal(60, 12));
        assert!(is_mass_removal(60, 60));
        assert!(!is_mass_removal(0, 0));
    }

    #[test]
    fn a_run_adds_up_and_its_clock_stops_at_the_end() {
        let at = |text| instant::parse(text).unwrap();
        let tally = Tally { synced: 3, no_op: 2, failed: 1, quarantined: 1, seen: 9, removed: 1 };
        let started_at = at("2026-04-02T00:00:00Z");
        let run = Run { id: Uuid::nil(), status: Status::Running, started_at, finished_at: None, total: 8, tally };
        let view = run.view(at("2026-04-02T00:00:02Z"));
        assert_eq!((view.pending, view.duration_ms), (2, 2_000));
        let done = Run { finished_at: Some(at("2026-04-02T00:00:01Z")), ..run };
        assert_eq!(done.view(at("2026-04-03T00:00:00Z")).duration_ms, 1_000);
    }
}
