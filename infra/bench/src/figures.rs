//! Figures out of books. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::book::{Accepted, Instant, Kind, LoadBook, SinkBook};

/// How a set of durations is spread, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spread {
    /// How many.
    pub(crate) count: usize,
    /// Half are not longer.
    pub(crate) p50_ms: f64,
    /// All but one in a hundred are not longer.
    pub(crate) p99_ms: f64,
    /// The longest.
    pub(crate) max_ms: f64,
}

impl Spread {
    /// Of durations in nanoseconds, by nearest rank; `None` of none.
    pub(crate) fn of(mut nanos: Vec<i64>) -> Option<Self> {
        nanos.sort_unstable();
        let last = nanos.len().checked_sub(1)?;
        let at = |hundredths: usize| {
            let rank = (nanos.len() * hundredths).div_ceil(100).max(1);
            milliseconds(nanos[rank - 1])
        };
        Some(Self { count: nanos.len(), p50_ms: at(50), p99_ms: at(99), max_ms: milliseconds(nanos[last]) })
    }
}

/// How long webhooks took to one receiver; each change counts once, by its first arrival.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hops {
    /// From the API's answer to the arrival. Negative when the webhook was there before the client had its answer.
    pub(crate) from_answer: Option<Spread>,
    /// From the instant the request was to be sent to the arrival.
    pub(crate) from_request: Option<Spread>,
}

/// What both books say together.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Comparison {
    /// Changes the API accepted.
    pub(crate) accepted: usize,
    /// The same per second, of the window.
    pub(crate) accepted_per_second: f64,
    /// First arrivals per second, all receivers together, of the window.
    pub(crate) delivered_per_second: f64,
    /// From the request to its answer, creations, of the window.
    pub(crate) create: Option<Spread>,
    /// The same, patches.
    pub(crate) patch: Option<Spread>,
    /// How long webhooks took, of the window, by receiver.
    pub(crate) receivers: BTreeMap<String, Hops>,
    /// Accepted changes that a receiver in order never got, one for each such receiver.
    pub(crate) lost: usize,
    /// Arrivals at a receiver in order of a `webhook-id` it already had.
    pub(crate) duplicates: usize,
    /// Changes received whose request got no answer: committed, and the client cannot know.
    pub(crate) unacknowledged: usize,
}

/// The stretch of time that counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// From this instant.
    pub(crate) from: Instant,
    /// Until this one, excluded.
    pub(crate) until: Instant,
}

impl Window {
    fn holds(&self, instant: Instant) -> bool {
        (self.from..self.until).contains(&instant)
    }

    fn per_second(&self, count: usize) -> f64 {
        let nanos = self.until.saturating_sub(self.from).max(1);
        count as f64 * 1e9 / nanos as f64
    }
}

type Change<'a> = (&'a str, u64);

/// Compares what the API accepted with what arrived at the `healthy` receivers.
pub(crate) fn compare(load: &LoadBook, sink: &SinkBook, healthy: &[&str], window: Window) -> Comparison {
    let mut arrivals: BTreeMap<&str, HashMap<Change<'_>, Instant>> =
        healthy.iter().map(|receiver| (*receiver, HashMap::new())).collect();
    let mut ids = HashSet::new();
    let mut duplicates = 0;
    for received in &sink.received {
        let Some(arrivals) = arrivals.get_mut(received.receiver.as_str()) else { continue };
        duplicates += usize::from(!ids.insert((&received.receiver, &received.id)));
        arrivals.entry((&received.project, received.version)).or_insert(received.at);
    }
    let accepted: HashSet<Change<'_>> = load.accepted.iter().map(change).collect();
    let told: HashSet<&Change<'_>> = arrivals.values().flat_map(HashMap::keys).collect();
    let counted: Vec<&Accepted> = load.accepted.iter().filter(|accepted| window.holds(accepted.intended)).collect();
    let answers = |kind: Kind| {
        let of_kind = counted.iter().filter(|accepted| accepted.kind == kind);
        Spread::of(of_kind.map(|accepted| span(accepted.intended, accepted.answered)).collect())
    };
    let hops = |arrivals: &HashMap<Change<'_>, Instant>| {
        let since = |start: fn(&Accepted) -> Instant| {
            let arrived =
                counted.iter().filter_map(|accepted| Some((start(accepted), *arrivals.get(&change(accepted))?)));
            Spread::of(arrived.map(|(start, end)| span(start, end)).collect())
        };
        Hops { from_answer: since(|accepted| accepted.answered), from_request: since(|accepted| accepted.intended) }
    };
    let answered = load.accepted.iter().filter(|accepted| window.holds(accepted.answered)).count();
    let delivered = arrivals.values().flat_map(HashMap::values).filter(|at| window.holds(**at)).count();
    Comparison {
        accepted: load.accepted.len(),
        accepted_per_second: window.per_second(answered),
        delivered_per_second: window.per_second(delivered),
        create: answers(Kind::Create),
        patch: answers(Kind::Patch),
        receivers: arrivals.iter().map(|(receiver, arrivals)| ((*receiver).to_owned(), hops(arrivals))).collect(),
        lost: lost(load, &arrivals),
        duplicates,
        unacknowledged: told.into_iter().filter(|change| !accepted.contains(*change)).count(),
    }
}

fn lost(load: &LoadBook, arrivals: &BTreeMap<&str, HashMap<Change<'_>, Instant>>) -> usize {
    let missing = |arrivals: &HashMap<Change<'_>, Instant>| {
        load.accepted.iter().filter(|accepted| !arrivals.contains_key(&change(accepted))).count()
    };
    arrivals.values().map(missing).sum()
}

fn change(accepted: &Accepted) -> Change<'_> {
    (&accepted.project, accepted.version)
}

fn span(start: Instant, end: Instant) -> i64 {
    i64::try_from(i128::from(end) - i128::from(start)).unwrap_or(i64::MAX)
}

fn milliseconds(nanos: i64) -> f64 {
    nanos as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Received;

    const MS: u64 = 1_000_000;

    fn accepted(project: &str, version: u64, intended: u64, answered: u64) -> Accepted {
        let kind = if version == 1 { Kind::Create } else { Kind::Patch };
        Accepted { kind, project: project.to_owned(), version, intended: intended * MS, answered: answered * MS }
    }

    fn received(receiver: &str, id: &str, project: &str, version: u64, at: u64) -> Received {
        let [receiver, id, project] = [receiver, id, project].map(str::to_owned);
        Received { receiver, id, project, version, at: at * MS }
    }

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let spread = Spread::of((1..=200).rev().map(|ms| ms * 1_000_000).collect()).unwrap();
        assert_eq!(spread, Spread { count: 200, p50_ms: 100.0, p99_ms: 198.0, max_ms: 200.0 });
        let one = Spread::of(vec![-500_000]).unwrap();
        assert_eq!((one.p50_ms, one.p99_ms, one.max_ms), (-0.5, -0.5, -0.5));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn the_books_are_compared_change_by_change() {
        let load = LoadBook {
            accepted: vec![
                accepted("p", 1, 1_000, 1_004),
                accepted("p", 2, 1_500, 1_502),
                accepted("q", 1, 2_000, 2_001),
            ],
            ..LoadBook::default()
        };
        let sink = SinkBook {
            received: vec![
                received("tet", "evt_1", "p", 1, 1_003),
                received("tet", "evt_1", "p", 1, 1_900),
                received("tet", "evt_2", "p", 2, 1_512),
                received("tet", "evt_3", "q", 1, 2_011),
                received("tet", "evt_4", "r", 1, 2_012),
                received("recoco", "evt_1", "p", 1, 1_014),
                received("broken", "evt_1", "p", 1, 1_014),
                received("broken", "evt_1", "p", 1, 1_015),
            ],
            invalid: 0,
        };
        let window = Window { from: 1_000 * MS, until: 2_000 * MS };
        let found = compare(&load, &sink, &["tet", "recoco"], window);
        assert_eq!((found.accepted, found.accepted_per_second, found.delivered_per_second), (3, 2.0, 3.0));
        assert_eq!((found.lost, found.duplicates, found.unacknowledged), (2, 1, 1));
        assert_eq!((found.create.unwrap().max_ms, found.patch.unwrap().max_ms), (4.0, 2.0));
        let tet = &found.receivers["tet"];
        assert_eq!(tet.from_answer.unwrap().p50_ms, -1.0);
        assert_eq!((tet.from_request.unwrap().count, tet.from_request.unwrap().max_ms), (2, 12.0));
        assert_eq!(found.receivers["recoco"].from_answer.unwrap().max_ms, 10.0);
    }
}
