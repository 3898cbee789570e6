//! The health of a receiver: the circuit breaker, and when a webhook is disabled for its failures.
//!
//! Five consecutive failures open the breaker. While it is open no HTTP is made and no attempt is consumed, but for
//! one probe per interval: 30 s after the failure that opened it, then 60 s, 120 s... up to 30 min after the last
//! failed probe. One success closes it.
//!
//! Source: docs/spec/webhooks.md#retries, tests/cases/webhooks/_shapes.md#retries

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::{DeliveryOutcome, ErrorClass};
use crate::instant;

const FAILURES_TO_OPEN: u32 = 5;
const FIRST_PROBE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PROBE: TimeDelta = TimeDelta::minutes(30);
const DISABLED_AFTER: TimeDelta = TimeDelta::days(5);
/// How long a probe may take before another one is allowed: longer than any attempt and its queueing.
const PROBE_LEASE: TimeDelta = TimeDelta::seconds(60);
/// How long a receiver that answered late is taken for slow.
const SLOW_FOR: TimeDelta = TimeDelta::seconds(30);

/// Why a webhook is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DisabledReason {
    /// The receiver answered 410.
    Gone,
    /// Five days of nothing but failures.
    Failing,
    /// Its service asked for it.
    Paused,
}

/// The last failed attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// When the attempt ended.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// The HTTP status, when one came.
    pub status_code: Option<u16>,
    /// Why none came.
    pub error_class: Option<ErrorClass>,
}

/// The failures of a receiver since its last success; the default value is a receiver that does well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Failures since the last success.
    #[serde(default)]
    pub failures: u32,
    /// When the first of them was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub failing_since: Option<DateTime<Utc>>,
    /// The last success before the first of them, if any is known of.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub last_success_at: Option<DateTime<Utc>>,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,
    /// Set while the breaker is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenBreaker>,
    /// Until then its first attempts go by the retries' queue: a receiver that answers late must not hold the capacity
    /// the others' first attempts need.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub slow_until: Option<DateTime<Utc>>,
}

/// An open breaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenBreaker {
    /// From when the next probe is allowed.
    #[serde(with = "instant")]
    pub probe_at: DateTime<Utc>,
    /// The wait after that probe, if it fails too, is twice this many seconds.
    pub interval_seconds: i64,
    /// The probe under way is the delivery of this event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
}

impl Health {
    /// Nothing failed since the last success: one more success is nothing to store.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failures == 0 && self.open.is_none()
    }

    /// Whether its first attempts go by the retries' queue.
    #[must_use]
    pub fn is_slow(&self, now: DateTime<Utc>) -> bool {
        self.slow_until.is_some_and(|until| until > now)
    }

    /// Notes that the receiver answers late; `None` when that is noted already, for half of the time at least.
    #[must_use]
    pub fn mark_slow(&self, now: DateTime<Utc>) -> Option<Self> {
        let known = self.slow_until.is_some_and(|until| until > now + SLOW_FOR / 2);
        (!known).then(|| Self { slow_until: Some(now + SLOW_FOR), ..self.clone() })
    }

    /// Leases the one probe of this interval for the delivery of `event`; `None` when none is allowed yet.
    #[must_use]
    pub fn lease_probe(&self, event: &str, now: DateTime<Utc>) -> Option<Self> {
        let open = self.open.as_ref().filter(|open| open.probe_at <= now)?;
        let leased = OpenBreaker { probe_at: now + PROBE_LEASE, probe: Some(event.to_owned()), ..open.clone() };
        Some(Self { open: Some(leased), ..self.clone() })
    }

    /// Allows the next probe at `now`, because the receiver was moved; if it fails, intervals begin anew. `None` while
    /// the breaker is closed.
    #[must_use]
    pub fn probe_now(&self, now: DateTime<Utc>) -> Option<Self> {
        self.open.as_ref()?;
        // Doubled by a failure.
        let interval_seconds = FIRST_PROBE.num_seconds() / 2;
        Some(Self { open: Some(OpenBreaker { probe_at: now, interval_seconds, probe: None }), ..self.clone() })
    }

    /// The health of a receiver that was seen to do well otherwise than by a delivery: nothing is failing any more.
    #[must_use]
    pub fn recover(&self) -> Self {
        Self { slow_until: self.slow_until, ..Self::default() }
    }

    /// Whether the delivery of `event` may be attempted: the breaker is closed, or this is the leased probe.
    #[must_use]
    pub fn admits(&self, event: &str) -> bool {
        self.open.as_ref().is_none_or(|open| open.probe.as_deref() == Some(event))
    }

    /// The health after an attempt that ended at `now`.
    #[must_use]
    pub fn record(&self, outcome: &DeliveryOutcome, now: DateTime<Utc>) -> Self {
        if outcome.is_success() {
            return self.recover();
        }
        let failures = self.failures.saturating_add(1);
        let open = match &self.open {
            // The probe failed: the next one waits twice as long.
            Some(open) if open.probe.is_some() => {
                let interval = TimeDelta::seconds(open.interval_seconds * 2).min(LONGEST_PROBE);
                Some(OpenBreaker { probe_at: now + interval, interval_seconds: interval.num_seconds(), probe: None })
            }
            // An attempt begun before the breaker opened: it changes nothing.
            Some(open) => Some(open.clone()),
            None => (failures >= FAILURES_TO_OPEN).then(|| OpenBreaker {
                probe_at: now + FIRST_PROBE,
                interval_seconds: FIRST_PROBE.num_seconds(),
                probe: None,
            }),
        };
        let last_failure = LastFailure { at: now, status_code: outcome.status(), error_class: outcome.error_class() };
        Self {
            failures,
            failing_since: Some(self.failing_since.unwrap_or(now)),
            last_failure: Some(last_failure),
            open,
            ..self.clone()
        }
    }

    /// Why the webhook must be disabled after this outcome, if it must; `self` is the health after it.
    #[must_use]
    pub fn verdict(&self, outcome: &DeliveryOutcome, now: DateTime<Utc>) -> Option<DisabledReason> {
        if outcome.status() == Some(410) {
            return Some(DisabledReason::Gone);
        }
        let since_first_failure = self.failing_since.map(|since| now - since);
        since_first_failure.is_some_and(|elapsed| elapsed >= DISABLED_AFTER).then_some(DisabledReason::Failing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURE: DeliveryOutcome = DeliveryOutcome::Answered { status: 500, retry_after: None };
    const SUCCESS: DeliveryOutcome = DeliveryOutcome::Answered { status: 200, retry_after: None };

    fn start() -> DateTime<Utc> {
        instant::parse("2026-11-02T09:00:00Z").unwrap()
    }

    fn opened() -> Health {
        (0..5).fold(Health::default(), |health, _| health.record(&FAILURE, start()))
    }

    #[test]
    fn five_failures_in_a_row_open_the_breaker() {
        let four = (0..4).fold(Health::default(), |health, _| health.record(&FAILURE, start()));
        assert!(four.open.is_none());
        assert!(four.record(&SUCCESS, start()).is_well());
        assert!(opened().open.is_some() && !opened().admits("evt_1"));
    }

    #[test]
    fn one_probe_per_interval_and_intervals_double() {
        let mut health = opened();
        let mut now = start();
        for interval in [30, 60, 120, 240, 480, 960, 1800, 1800] {
            now += TimeDelta::seconds(interval);
            assert!(health.lease_probe("evt_1", now - TimeDelta::milliseconds(1)).is_none(), "{interval}");
            health = health.lease_probe("evt_1", now).unwrap();
            assert!(health.lease_probe("evt_2", now).is_none(), "one at a time");
            assert!(health.admits("evt_1") && !health.admits("evt_2"));
            health = health.record(&FAILURE, now);
        }
        let probing = health.lease_probe("evt_9", now + LONGEST_PROBE).unwrap();
        assert!(probing.record(&SUCCESS, now).is_well());
    }

    #[test]
    fn a_receiver_that_was_moved_is_probed_at_once_and_intervals_begin_anew() {
        let late = (0..5).fold(opened(), |health, _| {
            let at = health.open.as_ref().unwrap().probe_at;
            health.lease_probe("evt_1", at).unwrap().record(&FAILURE, at)
        });
        assert!(late.lease_probe("evt_2", start() + TimeDelta::seconds(1_000)).is_none());
        let now = start() + TimeDelta::seconds(1_000);
        let probing = late.probe_now(now).unwrap().lease_probe("evt_2", now).unwrap();
        assert!(probing.admits("evt_2") && !probing.admits("evt_1"));
        let failed = probing.record(&FAILURE, now);
        assert_eq!(failed.open.unwrap().probe_at, now + FIRST_PROBE);
        assert!(Health::default().probe_now(now).is_none());
    }

    #[test]
    fn the_last_failure_is_told_until_a_success() {
        let failed = Health::default().record(&FAILURE, start());
        let last = LastFailure { at: start(), status_code: Some(500), error_class: None };
        assert_eq!(failed.last_failure, Some(last));
        assert_eq!(failed.record(&SUCCESS, start()), Health::default());
    }

    #[test]
    fn a_receiver_that_answers_late_is_slow_for_a_while() {
        let slow = Health::default().mark_slow(start()).unwrap();
        assert!(slow.is_slow(start()) && slow.is_well());
        assert!(slow.mark_slow(start() + TimeDelta::seconds(10)).is_none(), "known: nothing to write");
        assert!(slow.mark_slow(start() + TimeDelta::seconds(20)).is_some());
        assert!(!slow.is_slow(start() + SLOW_FOR));
        assert!(slow.record(&FAILURE, start()).is_slow(start()));
        assert!(
            slow.record(&SUCCESS, start()).is_slow(start()),
            "a late success is a success: it is slow all the same"
        );
    }

    #[test]
    fn a_webhook_is_given_up_after_five_days_of_failures_or_at_once_when_gone() {
        let health = Health::default().record(&FAILURE, start());
        assert_eq!(health.verdict(&FAILURE, start()), None);
        let later = start() + TimeDelta::days(5);
        let again = health.record(&FAILURE, later);
        assert_eq!(again.verdict(&FAILURE, later - TimeDelta::milliseconds(1)), None);
        assert_eq!(again.verdict(&FAILURE, later), Some(DisabledReason::Failing));
        let gone = DeliveryOutcome::Answered { status: 410, retry_after: None };
        assert_eq!(health.verdict(&gone, start()), Some(DisabledReason::Gone));
    }
}
