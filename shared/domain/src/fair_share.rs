//! Fair shares: how many requests one caller may make, by a bucket of tokens that fills as time goes by.
//!
//! A bucket is kept where requests are handled, so there may be several of one caller at the same time. Each takes what
//! the others took only when it hears of it: what a caller may do is approximate, never less than the rate of one bucket.
//!
//! Source: docs/spec/amendments.md#communs

use chrono::{DateTime, TimeDelta, Utc};

/// How many requests a caller may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens a second that come back; at least one.
    pub per_second: u32,
    /// Tokens that a full bucket holds: what may come at the same moment; at least one.
    pub burst: u32,
}

/// The tokens a caller has left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Below zero when others took more than was here.
    tokens: f64,
    filled_at: DateTime<Utc>,
}

/// What a bucket answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Whether the request may be made; it has then taken its token.
    pub granted: bool,
    /// Whole tokens left.
    pub remaining: u32,
    /// Seconds until there is a token where there is none, else until the bucket is full.
    pub reset_seconds: u64,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn full(rate: Rate, now: DateTime<Utc>) -> Self {
        Self { tokens: f64::from(rate.burst), filled_at: now }
    }

    /// Takes a token, if there is one.
    pub fn take(&mut self, rate: Rate, now: DateTime<Utc>) -> Allowance {
        self.fill(rate, now);
        let granted = self.tokens >= 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        let wanted = if granted { f64::from(rate.burst) } else { 1.0 };
        let missing = (wanted - self.tokens).max(0.0);
        Allowance {
            granted,
            remaining: self.tokens.max(0.0) as u32,
            reset_seconds: (missing / f64::from(rate.per_second.max(1))).ceil() as u64,
        }
    }

    /// Takes what the same caller took elsewhere. However much that was, the bucket has a token again within the time a
    /// full one takes to fill.
    pub fn drain(&mut self, rate: Rate, taken: u64, now: DateTime<Utc>) {
        self.fill(rate, now);
        let burst = f64::from(rate.burst);
        self.tokens = (self.tokens - taken as f64).max(-burst);
    }

    /// Whether nothing would be lost by forgetting it.
    #[must_use]
    pub fn is_full(mut self, rate: Rate, now: DateTime<Utc>) -> bool {
        self.fill(rate, now);
        self.tokens >= f64::from(rate.burst)
    }

    fn fill(&mut self, rate: Rate, now: DateTime<Utc>) {
        // A clock that was set back gives nothing and takes nothing.
        let elapsed = (now - self.filled_at).max(TimeDelta::zero());
        let seconds = elapsed.num_milliseconds() as f64 / 1_000.0;
        self.tokens = (self.tokens + seconds * f64::from(rate.per_second)).min(f64::from(rate.burst));
        self.filled_at = self.filled_at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 4 };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
    }

    /// Requests at these milliseconds; what each is told.
    fn check(millis: &[i64], expected: &[(bool, u32, u64)]) {
        let mut bucket = Bucket::full(RATE, at(0));
        let told = millis.iter().map(|millis| bucket.take(RATE, at(*millis)));
        let told: Vec<_> = told.map(|told| (told.granted, told.remaining, told.reset_seconds)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let burst = [(true, 3, 1), (true, 2, 1), (true, 1, 2), (true, 0, 2)];
        check(&[0, 0, 0, 0], &burst);
        check(
            &[0, 0, 0, 0, 0, 499, 500, 500],
            &[&burst[..], &[(false, 0, 1), (false, 0, 1), (true, 0, 2), (false, 0, 1)]].concat(),
        );
    }

    #[test]
    fn a_bucket_never_holds_more_than_it_can() {
        check(&[0, 3_600_000], &[(true, 3, 1), (true, 3, 1)]);
    }

    #[test]
    fn a_clock_set_back_gives_nothing() {
        check(
            &[1_000, 0, 1_000, 1_000, 0, 1_499, 1_500],
            &[(true, 3, 1), (true, 2, 1), (true, 1, 2), (true, 0, 2), (false, 0, 1), (false, 0, 1), (true, 0, 2)],
        );
    }

    #[test]
    fn what_was_taken_elsewhere_is_missing_here_but_not_for_ever() {
        let mut bucket = Bucket::full(RATE, at(0));
        bucket.drain(RATE, 3, at(0));
        assert_eq!(bucket.take(RATE, at(0)), Allowance { granted: true, remaining: 0, reset_seconds: 2 });
        bucket.drain(RATE, 1_000_000, at(0));
        assert_eq!(bucket.take(RATE, at(0)), Allowance { granted: false, remaining: 0, reset_seconds: 3 });
        assert!(bucket.take(RATE, at(2_500)).granted);
    }

    #[test]
    fn a_full_bucket_can_be_forgotten() {
        let mut bucket = Bucket::full(RATE, at(0));
        assert!(bucket.is_full(RATE, at(0)));
        bucket.take(RATE, at(0));
        assert!(!bucket.is_full(RATE, at(499)));
        assert!(bucket.is_full(RATE, at(500)));
    }
}
