//! When the nightly run is due. The template's schedule says the same hour (a test compares them); knowing it here lets a
//! night that the schedule missed be told from one that was done.
//!
//! Source: docs/spec/coop.md#triggers

use chrono::{DateTime, Days, TimeZone as _, Utc};
use chrono_tz::Europe::Paris;
use uuid::{Builder, Uuid};

/// Four in the morning in Paris: clocks change between one and three, so that every day has this hour, once.
const HOUR: u32 = 4;

/// When the last nightly run was due: the newest of its times that `now` has reached.
#[must_use]
pub fn last_due(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.with_timezone(&Paris).date_naive();
    let due = |days| {
        let day = today.checked_sub_days(Days::new(days))?;
        let local = Paris.from_local_datetime(&day.and_hms_opt(HOUR, 0, 0)?).single()?;
        Some(local.with_timezone(&Utc)).filter(|due| *due <= now)
    };
    due(0).or_else(|| due(1)).unwrap_or(now)
}

/// The id of the run that was due then: of those who would begin it at once, one does. It sorts among other runs' by
/// that time.
#[must_use]
pub fn run_id(due: DateTime<Utc>) -> Uuid {
    Builder::from_unix_timestamp_millis(u64::try_from(due.timestamp_millis()).unwrap_or(0), &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instant;

    fn check(now: &str, due: &str) {
        assert_eq!(last_due(instant::parse(now).unwrap()), instant::parse(due).unwrap(), "{now}");
    }

    #[test]
    fn a_run_is_due_once_every_day_whatever_clocks_do() {
        check("2026-03-28T02:59:59.999Z", "2026-03-27T03:00:00Z");
        check("2026-03-28T03:00:00Z", "2026-03-28T03:00:00Z");
        // In Paris 02:00 becomes 03:00 on 29 March 2026: the night is an hour shorter.
        check("2026-03-29T01:59:59Z", "2026-03-28T03:00:00Z");
        check("2026-03-29T02:00:00Z", "2026-03-29T02:00:00Z");
        check("2026-03-30T01:59:59Z", "2026-03-29T02:00:00Z");
        // 03:00 becomes 02:00 on 25 October 2026: an hour longer.
        check("2026-10-25T02:59:59Z", "2026-10-24T02:00:00Z");
        check("2026-10-25T03:00:00Z", "2026-10-25T03:00:00Z");
        // The day is that of Paris.
        check("2026-11-01T23:30:00Z", "2026-11-01T03:00:00Z");
    }

    #[test]
    fn runs_of_one_night_have_one_id_which_sorts_by_its_time() {
        let night = |text| run_id(instant::parse(text).unwrap());
        assert_eq!(night("2026-03-29T02:00:00Z"), night("2026-03-29T02:00:00Z"));
        assert!(night("2026-03-29T02:00:00Z") < night("2026-03-30T02:00:00Z"));
        assert_eq!(night("2026-03-29T02:00:00Z").get_version_num(), 7);
    }
}
