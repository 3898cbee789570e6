//! A clock that stands still until it is moved.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use passerelle::platform::clock::Clock;

/// Stands at an instant; every [`Clock`] handed out by it follows when it is moved.
#[derive(Debug, Clone)]
pub struct MovingClock(Arc<Mutex<DateTime<Utc>>>);

impl MovingClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Moves it, and every clock handed out before.
    pub fn move_to(&self, now: DateTime<Utc>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Where it stands.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock to hand to the code under test.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let clock = self.clone();
        Clock::from_fn(move || clock.now())
    }
}
