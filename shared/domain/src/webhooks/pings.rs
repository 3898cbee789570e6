//! Pings: a request to an address whose owner may never have asked for it, so that they are few.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many pings a webhook is sent in any minute.
pub const MAX_PER_MINUTE: usize = 10;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// The pings a webhook was sent in the last minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pings {
    /// In milliseconds since the epoch, oldest first.
    at: Vec<i64>,
}

impl Pings {
    /// One more at `now`.
    ///
    /// # Errors
    /// There were enough: how long until there is room for one.
    pub fn count(&self, now: DateTime<Utc>) -> Result<Self, TimeDelta> {
        let now = now.timestamp_millis();
        // A ping that is far ahead was sent before the clock was put back: it says nothing about this minute.
        let recent = self.at.iter().copied().filter(|at| (now - at).abs() < MINUTE.num_milliseconds());
        let mut at: Vec<i64> = recent.collect();
        match at.len().checked_sub(MAX_PER_MINUTE) {
            Some(first) => Err(TimeDelta::milliseconds(at[first] - now) + MINUTE),
            None => {
                at.push(now);
                at.sort_unstable();
                Ok(Self { at })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn pinged(seconds: impl IntoIterator<Item = i64>) -> Pings {
        seconds.into_iter().fold(Pings::default(), |pings, seconds| pings.count(at(seconds)).unwrap())
    }

    #[test]
    fn ten_go_in_any_minute_and_the_next_waits_for_the_oldest_to_pass() {
        let pings = pinged(0..10);
        assert_eq!(pings.count(at(10)), Err(TimeDelta::seconds(50)));
        assert_eq!(pings.count(at(59)), Err(TimeDelta::seconds(1)));
        let next = pings.count(at(60)).unwrap();
        assert_eq!(next.count(at(60)), Err(TimeDelta::seconds(1)));
        assert!(next.count(at(61)).is_ok());
    }

    #[test]
    fn no_more_is_kept_than_counts() {
        assert_eq!(pinged((0..100).map(|n| n * 7)).at.len(), 9);
    }

    #[test]
    fn a_clock_put_back_holds_up_nothing_for_long() {
        let pings = pinged(0..10);
        assert!(pings.count(at(-3_600)).is_ok());
        assert_eq!(pings.count(at(-5)), Err(TimeDelta::seconds(65)));
    }
}
