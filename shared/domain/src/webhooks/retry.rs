//! When a failed delivery is tried again.
//!
//! Source: docs/spec/webhooks.md#retries

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::outcome::{ErrorClass, Outcome};

/// The waits after the first, second... failed attempt, in seconds: ten attempts over about three days.
const WAITS: [u64; 9] = [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600];

/// How many attempts a delivery gets before it is given up.
pub const MAX_ATTEMPTS: u32 = WAITS.len() as u32 + 1;

/// How far a wait may stray from the schedule, as a share of it: receivers that fail together are not called
/// again together.
const JITTER: f64 = 0.2;

/// The least wait after an overload: the receiver asked for air, or did not answer in time.
const OVERLOAD_FLOOR: Duration = Duration::from_secs(60);

/// The longest `Retry-After` that is honoured.
const RETRY_AFTER_BOUND: Duration = Duration::from_secs(24 * 3_600);

/// How long to wait, from the end of the failed attempt number `attempt` (the first is 1), before the next one.
/// `None` when the delivery has had its ten attempts and is given up.
///
/// `unit` is a random number in `0.0..1.0` that places the wait within its ±20 %. A longer `Retry-After` is waited
/// for, up to 24 h. After 429, 502, 504 or a timeout the wait is at least 60 s, spread up to 72 s.
#[must_use]
pub fn delay(attempt: u32, outcome: &Outcome, unit: f64) -> Option<Duration> {
    let unit = unit.clamp(0.0, 1.0);
    let rank = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let scheduled = Duration::from_secs(*WAITS.get(rank)?).mul_f64(1.0 - JITTER + 2.0 * JITTER * unit);
    let floor = match outcome {
        Outcome::Answered { status: 429 | 502 | 504, .. } | Outcome::Failed(ErrorClass::Timeout) => {
            OVERLOAD_FLOOR.mul_f64(1.0 + JITTER * unit)
        }
        _ => Duration::ZERO,
    };
    let asked = match outcome {
        Outcome::Answered { retry_after: Some(asked), .. } => (*asked).min(RETRY_AFTER_BOUND),
        _ => Duration::ZERO,
    };
    Some(scheduled.max(floor).max(asked))
}

/// Reads a `Retry-After` header: a number of seconds, or an HTTP date, of which the time left from `now` is taken.
/// `None` when it is neither.
#[must_use]
pub fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too long to be read is longer than any bound.
        return Some(value.parse().map_or(RETRY_AFTER_BOUND, Duration::from_secs));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERVER_ERROR: Outcome = Outcome::Answered { status: 500, retry_after: None };

    fn seconds(attempt: u32, outcome: &Outcome, unit: f64) -> Option<f64> {
        delay(attempt, outcome, unit).map(|wait| (wait.as_secs_f64() * 1_000.0).round() / 1_000.0)
    }

    #[test]
    fn follows_the_schedule_within_a_fifth() {
        assert_eq!(MAX_ATTEMPTS, 10);
        let middle: Vec<_> = (1..=MAX_ATTEMPTS).map(|attempt| seconds(attempt, &SERVER_ERROR, 0.5)).collect();
        let expected = [5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0];
        assert_eq!(middle, expected.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
        assert_eq!(seconds(1, &SERVER_ERROR, 0.0), Some(4.0));
        assert_eq!(seconds(1, &SERVER_ERROR, 1.0), Some(6.0));
        assert_eq!(seconds(2, &Outcome::Failed(ErrorClass::Connect), 0.0), Some(240.0));
    }

    #[test]
    fn leaves_an_overloaded_receiver_a_minute() {
        for outcome in [
            Outcome::Answered { status: 429, retry_after: None },
            Outcome::Answered { status: 502, retry_after: None },
            Outcome::Answered { status: 504, retry_after: None },
            Outcome::Failed(ErrorClass::Timeout),
        ] {
            assert_eq!(seconds(1, &outcome, 0.0), Some(60.0));
            assert_eq!(seconds(1, &outcome, 1.0), Some(72.0));
            assert_eq!(seconds(2, &outcome, 0.5), Some(300.0));
            assert_eq!(seconds(10, &outcome, 0.5), None);
        }
        assert_eq!(seconds(1, &Outcome::Answered { status: 503, retry_after: None }, 0.5), Some(5.0));
    }

    #[test]
    fn honours_retry_after_up_to_a_day() {
        let asking = |status, wait| Outcome::Answered { status, retry_after: Some(Duration::from_secs(wait)) };
        assert_eq!(seconds(1, &asking(503, 120), 0.5), Some(120.0));
        assert_eq!(seconds(1, &asking(429, 10), 0.0), Some(60.0));
        assert_eq!(seconds(2, &asking(503, 10), 0.5), Some(300.0));
        assert_eq!(seconds(1, &asking(503, 999_999), 0.5), Some(86_400.0));
        assert_eq!(seconds(10, &asking(503, 10), 0.5), None);
    }

    #[test]
    fn reads_retry_after() {
        let now = "2026-11-02T09:00:00Z".parse().unwrap();
        let check = |value: &str, expected: Option<u64>| {
            assert_eq!(parse_retry_after(value, now), expected.map(Duration::from_secs), "{value}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("99999999999999999999999", Some(86_400));
        check("Mon, 02 Nov 2026 09:02:00 GMT", Some(120));
        check("Mon, 02 Nov 2026 08:00:00 GMT", Some(0));
        check("", None);
        check("-5", None);
        check("1.5", None);
        check("bientôt", None);
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_four_seconds_nor_longer_than_29_hours(
            attempt in 0..20_u32, status in 100..600_u16, asked in proptest::option::of(0..u64::MAX), unit in 0.0..1.0,
        ) {
            let outcome = Outcome::Answered { status, retry_after: asked.map(Duration::from_secs) };
            match delay(attempt, &outcome, unit) {
                Some(wait) => prop_assert!((4.0..=28.8 * 3_600.0).contains(&wait.as_secs_f64())),
                None => prop_assert!(attempt >= MAX_ATTEMPTS),
            }
        }
    }
}
