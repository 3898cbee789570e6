//! New ids: UUIDv7 from the injected clock, strictly increasing within one process.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use uuid::{ContextV7, Timestamp, Uuid};

/// Makes ids that sort in the order they were made, even within one millisecond.
#[derive(Clone)]
pub struct Ids(Arc<Mutex<ContextV7>>);

impl Default for Ids {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(ContextV7::new())))
    }
}

impl Ids {
    /// An id made at `now`.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Uuid {
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        // A poisoned lock only means that another thread panicked between two ids: the counter is still good.
        let context = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_increase() {
        let ids = Ids::default();
        let now = domain::instant::parse("2026-11-02T09:00:00.000Z").unwrap();
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.next(now)).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }
}
