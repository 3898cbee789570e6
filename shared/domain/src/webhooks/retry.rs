//! When a failed delivery is attempted again, how it gets there, and who looks after it.
//!
//! [`delay`] says how long it waits. [`carrier`] says what carries it meanwhile: SQS by a delayed message when the
//! wait is short, else the item's `dueAt`, which the sweeper finds. `dueAt` is the safety net of both: what the queue
//! carries is swept too, [`SWEEP_GRACE`] after it was due, unless its message took it by moving `dueAt` forward.
//!
//! Source: docs/spec/webhooks.md#retries

use std::time::Duration;

use chrono::{DateTime, Datelike as _, NaiveDateTime, TimeDelta, Utc};

use super::outcome::{DeliveryOutcome, ErrorClass};

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

/// The longest wait that SQS carries by its delay.
const CARRIED_BY_QUEUE: TimeDelta = TimeDelta::seconds(120);

/// How long the sweeper leaves a delivery to whoever has taken it, or to the queue that carries it.
pub const SWEEP_GRACE: TimeDelta = TimeDelta::seconds(60);

/// What brings a delivery back when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A message of the retries' queue, seen after `delay_seconds`; the sweeper from `swept_at` on, if it was lost.
    Queue {
        /// Whole seconds, rounded up, within the 900 that SQS allows.
        delay_seconds: i32,
        /// The delivery's `dueAt`.
        swept_at: DateTime<Utc>,
    },
    /// The sweeper, from `swept_at` on.
    Sweeper {
        /// The delivery's `dueAt`.
        swept_at: DateTime<Utc>,
    },
}

/// What brings back a delivery that is due at `due`.
#[must_use]
pub fn carrier(due: DateTime<Utc>, now: DateTime<Utc>) -> Carrier {
    let wait = due - now;
    if wait > CARRIED_BY_QUEUE {
        return Carrier::Sweeper { swept_at: due };
    }
    // SQS counts whole seconds: the message is seen when the retry is due, or just after, never before.
    let millis = wait.num_milliseconds().max(0);
    let seconds = millis / 1_000 + i64::from(millis % 1_000 > 0);
    Carrier::Queue { delay_seconds: i32::try_from(seconds).unwrap_or(0), swept_at: due + SWEEP_GRACE }
}

/// How long to wait, from the end of the failed attempt number `attempt` (the first is 1), before the next one.
/// `None` when the delivery has had its ten attempts and is given up.
///
/// `unit` is a random number in `0.0..1.0` that places the wait within its ±20 %. A longer `Retry-After` is waited
/// for, up to 24 h. After 429, 502, 504 or a timeout the wait is at least 60 s, spread up to 72 s.
#[must_use]
pub fn delay(attempt: u32, outcome: &DeliveryOutcome, unit: f64) -> Option<Duration> {
    let unit = unit.clamp(0.0, 1.0);
    let rank = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let scheduled = Duration::from_secs(*WAITS.get(rank)?).mul_f64(1.0 - JITTER + 2.0 * JITTER * unit);
    let floor = match outcome {
        DeliveryOutcome::Answered { status: 429 | 502 | 504, .. } | DeliveryOutcome::Failed(ErrorClass::Timeout) => {
            OVERLOAD_FLOOR.mul_f64(1.0 + JITTER * unit)
        }
        _ => Duration::ZERO,
    };
    let asked = match outcome {
        DeliveryOutcome::Answered { retry_after: Some(asked), .. } => (*asked).min(RETRY_AFTER_BOUND),
        _ => Duration::ZERO,
    };
    Some(scheduled.max(floor).max(asked))
}

/// Reads a `Retry-After` header: a number of seconds, or an HTTP date in any of the three forms of RFC 9110 (5.6.7), of
/// which the time left from `now` is taken. `None` when it is neither.
#[must_use]
pub fn parse_retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number too long to be read is longer than any bound.
        return Some(value.parse().map_or(RETRY_AFTER_BOUND, Duration::from_secs));
    }
    let date = parse_http_date(value, now)?;
    Some((date - now).to_std().unwrap_or_default())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`; or the older `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
fn parse_http_date(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.with_timezone(&Utc));
    }
    if let Ok(asctime) = NaiveDateTime::parse_from_str(text, "%a %b %e %H:%M:%S %Y") {
        return Some(asctime.and_utc());
    }
    // RFC 850: the century is the one that puts the year at most fifty years ahead, and the weekday is that of the date.
    let (weekday, rest) = text.split_once(", ")?;
    let (day_month, rest) = rest.split_at_checked(7)?;
    let (two_digits, time) = rest.split_at_checked(2)?;
    let in_century = two_digits.parse::<i32>().ok()? + now.year() / 100 * 100;
    let year = if in_century > now.year() + 50 { in_century - 100 } else { in_century };
    let date = NaiveDateTime::parse_from_str(&format!("{day_month}{year}{time}"), "%d-%b-%Y %H:%M:%S GMT").ok()?;
    date.format("%A").to_string().eq_ignore_ascii_case(weekday).then(|| date.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SERVER_ERROR: DeliveryOutcome = DeliveryOutcome::Answered { status: 500, retry_after: None };

    fn seconds(attempt: u32, outcome: &DeliveryOutcome, unit: f64) -> Option<f64> {
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
        assert_eq!(seconds(2, &DeliveryOutcome::Failed(ErrorClass::Connect), 0.0), Some(240.0));
    }

    #[test]
    fn leaves_an_overloaded_receiver_a_minute() {
        for outcome in [
            DeliveryOutcome::Answered { status: 429, retry_after: None },
            DeliveryOutcome::Answered { status: 502, retry_after: None },
            DeliveryOutcome::Answered { status: 504, retry_after: None },
            DeliveryOutcome::Failed(ErrorClass::Timeout),
        ] {
            assert_eq!(seconds(1, &outcome, 0.0), Some(60.0));
            assert_eq!(seconds(1, &outcome, 1.0), Some(72.0));
            assert_eq!(seconds(2, &outcome, 0.5), Some(300.0));
            assert_eq!(seconds(10, &outcome, 0.5), None);
        }
        assert_eq!(seconds(1, &DeliveryOutcome::Answered { status: 503, retry_after: None }, 0.5), Some(5.0));
    }

    #[test]
    fn honours_retry_after_up_to_a_day() {
        let asking = |status, wait| DeliveryOutcome::Answered { status, retry_after: Some(Duration::from_secs(wait)) };
        assert_eq!(seconds(1, &asking(503, 120), 0.5), Some(120.0));
        assert_eq!(seconds(1, &asking(429, 10), 0.0), Some(60.0));
        assert_eq!(seconds(2, &asking(503, 10), 0.5), Some(300.0));
        assert_eq!(seconds(1, &asking(503, 999_999), 0.5), Some(86_400.0));
        assert_eq!(seconds(10, &asking(503, 10), 0.5), None);
    }

    #[test]
    fn short_waits_travel_in_the_queue_and_long_ones_in_the_table() {
        let now: DateTime<Utc> = "2026-11-02T09:00:00Z".parse().unwrap();
        for (millis, delay_seconds) in [(-5, 0), (0, 0), (1, 1), (4_000, 4), (4_001, 5), (119_001, 120), (120_000, 120)]
        {
            let due = now + TimeDelta::milliseconds(millis);
            let swept_at = due + TimeDelta::seconds(60);
            assert_eq!(carrier(due, now), Carrier::Queue { delay_seconds, swept_at }, "{millis}");
        }
        let due = now + TimeDelta::milliseconds(120_001);
        assert_eq!(carrier(due, now), Carrier::Sweeper { swept_at: due });
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
        check("Monday, 02-Nov-26 09:02:00 GMT", Some(120));
        check("Monday, 02-Nov-26 08:00:00 GMT", Some(0));
        check("Mon Nov  2 09:02:00 2026", Some(120));
        check("Mon Nov 02 09:02:00 2026", Some(120));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(0));
        check("Tuesday, 02-Nov-26 09:02:00 GMT", None);
        check("Tue Nov  2 09:02:00 2026", None);
        check("Monday, 02-Nov-é 09:02:00 GMT", None);
        check("Monday, ", None);
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
            let outcome = DeliveryOutcome::Answered { status, retry_after: asked.map(Duration::from_secs) };
            match delay(attempt, &outcome, unit) {
                Some(wait) => prop_assert!((4.0..=28.8 * 3_600.0).contains(&wait.as_secs_f64())),
                None => prop_assert!(attempt >= MAX_ATTEMPTS),
            }
        }
    }
}
