//! Which metrics the process has written: a recorder that notes names and keeps no figures.

use std::collections::BTreeSet;
use std::sync::{Mutex, Once, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Noting;

/// Notes the metrics written from now on by this process; calling it again changes nothing.
///
/// # Panics
/// When a recorder of another kind is there already.
pub fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| metrics::set_global_recorder(Noting).unwrap_or_else(|error| panic!("{error}")));
}

/// The names of the metrics written since [`start`].
#[must_use]
pub fn seen() -> BTreeSet<String> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn note(key: &Key) {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(key.name().to_owned());
}

impl Recorder for Noting {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        note(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        note(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        note(key);
        Histogram::noop()
    }
}
