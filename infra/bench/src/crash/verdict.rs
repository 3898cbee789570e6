//! What the three books say together: the clients', the receivers' and the API's.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::book::{LoadBook, SinkBook};
use crate::failure::Failure;
use crate::scenario::RECEIVERS;
use crate::scenario::setting::Setting;

/// What was found. All but the first four must be 0.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Verdict {
    /// Changes the API accepted.
    pub(super) accepted: usize,
    /// Changes received whose request got no answer: committed, and the client could not know.
    pub(super) unacknowledged: usize,
    /// Webhooks received, duplicates included, their signatures verified.
    pub(super) received: usize,
    /// Arrivals of a `webhook-id` the receiver already had.
    pub(super) duplicates: usize,
    /// Accepted changes that a receiver never got, one for each receiver.
    pub(super) lost: usize,
    /// Accepted changes of which the API holds neither that version nor a later one.
    pub(super) absent: usize,
    /// The same of changes received.
    pub(super) unknown: usize,
    /// Versions a receiver got under two ids.
    pub(super) renamed: usize,
    /// Webhooks whose signature or body was wrong.
    pub(super) invalid: usize,
}

/// Accepted changes that have not arrived, one for each receiver.
pub(super) fn missing(load: &LoadBook, sink: &SinkBook) -> usize {
    let arrived: HashSet<(&str, &str, u64)> = sink
        .received
        .iter()
        .map(|received| (received.receiver.as_str(), received.project.as_str(), received.version))
        .collect();
    let missing = |receiver: &str| {
        load.accepted
            .iter()
            .filter(|change| !arrived.contains(&(receiver, change.project.as_str(), change.version)))
            .count()
    };
    RECEIVERS.iter().map(|receiver| missing(receiver)).sum()
}

impl Verdict {
    /// Compares the books, asking the API for every project either names.
    pub(super) async fn of(load: &LoadBook, sink: &SinkBook, setting: &Setting) -> Result<Self, Failure> {
        let mut verdict = Self::of_books(load, sink);
        let accepted = highest(load.accepted.iter().map(|change| (change.project.as_str(), change.version)));
        let received = highest(sink.received.iter().map(|received| (received.project.as_str(), received.version)));
        let projects: HashSet<&str> = accepted.keys().chain(received.keys()).copied().collect();
        for project in projects {
            let held = setting.version(project).await?.unwrap_or(0);
            verdict.absent += usize::from(accepted.get(project).is_some_and(|version| *version > held));
            verdict.unknown += usize::from(received.get(project).is_some_and(|version| *version > held));
        }
        Ok(verdict)
    }

    fn of_books(load: &LoadBook, sink: &SinkBook) -> Self {
        let accepted: HashSet<(&str, u64)> =
            load.accepted.iter().map(|change| (change.project.as_str(), change.version)).collect();
        let mut seen = HashSet::new();
        let mut ids: HashMap<(&str, &str, u64), &str> = HashMap::new();
        let mut verdict = Self {
            accepted: load.accepted.len(),
            received: sink.received.len(),
            invalid: usize::try_from(sink.invalid).unwrap_or(usize::MAX),
            ..Self::default()
        };
        let mut told = HashSet::new();
        for received in &sink.received {
            let (receiver, project) = (received.receiver.as_str(), received.project.as_str());
            verdict.duplicates += usize::from(!seen.insert((receiver, received.id.as_str())));
            let first = ids.entry((receiver, project, received.version)).or_insert(&received.id);
            verdict.renamed += usize::from(*first != received.id);
            told.insert((project, received.version));
        }
        verdict.unacknowledged = told.difference(&accepted).count();
        verdict.lost = missing(load, sink);
        verdict
    }

    /// Refuses what must not be.
    pub(super) fn judge(&self) -> Result<(), Failure> {
        match self.lost + self.absent + self.unknown + self.renamed + self.invalid {
            0 => Ok(()),
            wrong => Err(Failure::process("passerelle", format!("{wrong} changements perdus ou faux"))),
        }
    }
}

fn highest<'a>(versions: impl Iterator<Item = (&'a str, u64)>) -> HashMap<&'a str, u64> {
    let mut highest = HashMap::new();
    for (project, version) in versions {
        let known = highest.entry(project).or_insert(version);
        *known = version.max(*known);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{Accepted, Kind, Received};

    fn accepted(project: &str, version: u64) -> Accepted {
        Accepted { kind: Kind::Patch, project: project.to_owned(), version, intended: 0, answered: 0 }
    }

    fn received(receiver: &str, id: &str, project: &str, version: u64) -> Received {
        let [receiver, id, project] = [receiver, id, project].map(str::to_owned);
        Received { receiver, id, project, version, at: 0 }
    }

    #[test]
    fn lost_doubled_and_renamed_are_told_apart() {
        let load = LoadBook { accepted: vec![accepted("p", 1), accepted("p", 2)], ..LoadBook::default() };
        let mut book: Vec<Received> = RECEIVERS.iter().map(|receiver| received(receiver, "evt_1", "p", 1)).collect();
        book.push(received(RECEIVERS[0], "evt_1", "p", 1));
        book.push(received(RECEIVERS[0], "evt_2", "p", 2));
        book.push(received(RECEIVERS[0], "evt_9", "p", 2));
        book.push(received(RECEIVERS[0], "evt_3", "q", 1));
        let verdict = Verdict::of_books(&load, &SinkBook { received: book, invalid: 0 });
        assert_eq!((verdict.lost, verdict.duplicates, verdict.renamed, verdict.unacknowledged), (2, 1, 1, 1));
        assert!(verdict.judge().is_err());
        assert_eq!(highest([("p", 1), ("p", 3), ("p", 2)].into_iter())["p"], 3);
    }
}
