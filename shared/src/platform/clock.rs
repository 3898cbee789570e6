//! The clock that is handed to everything which needs the time.
//!
//! Decisions take `now` as an argument; only the shell (functions, engines of the local stack) holds a
//! [`Clock`], so that tests can stand still or jump without sleeping.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};

/// Tells the current instant, to the millisecond: the precision of everything stored and shown.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(Utc::now)
    }

    /// A clock driven by the caller, for tests and replays.
    pub fn from_fn(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current instant, truncated to milliseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(3)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}
