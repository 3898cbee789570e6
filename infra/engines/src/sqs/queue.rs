//! The messages of one queue, and whose turn it is.
//!
//! A message is ready, hidden (delayed or in flight) or gone. Among the ready ones the next to be received
//! is the oldest of the `MessageGroupId` that has the fewest in flight: a group that floods the queue does
//! not make the others wait, as in the fair queues of AWS. Messages without a group form one group.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::message::{Content, Delivery};
use super::settings::Settings;

/// A group of messages that share their turn.
type GroupName = Option<Arc<str>>;

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) content: Content,
    pub(super) delivery: Delivery,
    availability: Availability,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Availability {
    Ready,
    Delayed { until: i64 },
    InFlight { until: i64 },
}

/// The messages of a queue.
#[derive(Debug, Default)]
pub(super) struct Messages {
    by_sequence: HashMap<u64, Message>,
    groups: HashMap<GroupName, Group>,
    /// One entry per group with ready messages: how many it has in flight, then its oldest message.
    turns: BTreeSet<(usize, u64, GroupName)>,
    /// When hidden messages become ready.
    hidden: BTreeSet<(i64, u64)>,
    /// When messages were sent, for retention.
    ages: BTreeSet<(i64, u64)>,
    in_flight: usize,
}

#[derive(Debug, Default)]
struct Group {
    ready: BTreeSet<u64>,
    in_flight: usize,
}

/// In which order messages are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The oldest of the group that has the fewest in flight.
    Fair,
    /// The newest.
    LastFirst,
}

/// How many messages a queue holds, by availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ready: usize,
    pub(super) delayed: usize,
    pub(super) in_flight: usize,
}

impl Messages {
    /// Adds a message that is ready from `visible_at`.
    pub(super) fn add(&mut self, sequence: u64, content: Content, delivery: Delivery, visible_at: i64, now: i64) {
        let availability =
            if visible_at > now { Availability::Delayed { until: visible_at } } else { Availability::Ready };
        self.ages.insert((content.sent_at, sequence));
        self.by_sequence.insert(sequence, Message { content, delivery, availability: Availability::Ready });
        self.enter(sequence, availability);
    }

    /// Brings the queue up to `now`: hidden messages whose time has come are ready again, and messages
    /// older than the retention are gone; returns the sequences of the latter.
    pub(super) fn settle(&mut self, settings: &Settings, now: i64) -> Vec<u64> {
        while let Some(&(until, sequence)) = self.hidden.first()
            && until <= now
        {
            self.move_to(sequence, Availability::Ready);
        }
        let oldest_kept = now - settings.retention_seconds * 1_000;
        let mut expired = Vec::new();
        while let Some(&(sent_at, sequence)) = self.ages.first()
            && sent_at <= oldest_kept
        {
            self.remove(sequence);
            expired.push(sequence);
        }
        expired
    }

    /// The message whose turn it is.
    pub(super) fn next(&self, order: Order) -> Option<u64> {
        match order {
            Order::Fair => self.turns.first().map(|(_, sequence, _)| *sequence),
            Order::LastFirst => self.groups.values().filter_map(|group| group.ready.last()).max().copied(),
        }
    }

    /// Receives a message: counts it and hides it until `until`.
    pub(super) fn receive(&mut self, sequence: u64, now: i64, until: i64) -> Option<&Message> {
        let message = self.by_sequence.get_mut(&sequence)?;
        message.delivery.receive_count += 1;
        message.delivery.first_received_at.get_or_insert(now);
        message.delivery.visible_at = None;
        if until > now {
            self.move_to(sequence, Availability::InFlight { until });
        }
        self.by_sequence.get(&sequence)
    }

    /// Hides a message in flight until `until`, or frees it at once.
    pub(super) fn hide(&mut self, sequence: u64, now: i64, until: i64) -> Option<&Message> {
        let message = self.by_sequence.get_mut(&sequence)?;
        message.delivery.visible_at = Some(until);
        let availability = if until > now { Availability::InFlight { until } } else { Availability::Ready };
        self.move_to(sequence, availability);
        self.by_sequence.get(&sequence)
    }

    /// Takes a message out of the queue.
    pub(super) fn remove(&mut self, sequence: u64) -> Option<Message> {
        self.leave(sequence);
        let message = self.by_sequence.remove(&sequence)?;
        self.ages.remove(&(message.content.sent_at, sequence));
        Some(message)
    }

    /// The message with this sequence, if it is still there.
    pub(super) fn get(&self, sequence: u64) -> Option<&Message> {
        self.by_sequence.get(&sequence)
    }

    /// Every sequence, oldest first.
    pub(super) fn sequences(&self) -> Vec<u64> {
        self.ages.iter().map(|(_, sequence)| *sequence).collect()
    }

    /// When the next hidden message becomes ready.
    pub(super) fn next_visible_at(&self) -> Option<i64> {
        self.hidden.first().map(|(until, _)| *until)
    }

    /// How many messages there are, by availability.
    pub(super) fn counts(&self) -> Counts {
        let (hidden, in_flight) = (self.hidden.len(), self.in_flight);
        Counts { ready: self.by_sequence.len() - hidden, delayed: hidden - in_flight, in_flight }
    }

    fn move_to(&mut self, sequence: u64, availability: Availability) {
        self.leave(sequence);
        self.enter(sequence, availability);
    }

    fn enter(&mut self, sequence: u64, availability: Availability) {
        let Some(message) = self.by_sequence.get_mut(&sequence) else { return };
        message.availability = availability;
        let name = message.group();
        match availability {
            Availability::Ready => self.in_group(name, |group| {
                group.ready.insert(sequence);
            }),
            Availability::Delayed { until } => {
                self.hidden.insert((until, sequence));
            }
            Availability::InFlight { until } => {
                self.hidden.insert((until, sequence));
                self.in_flight += 1;
                self.in_group(name, |group| group.in_flight += 1);
            }
        }
    }

    fn leave(&mut self, sequence: u64) {
        let Some(message) = self.by_sequence.get(&sequence) else { return };
        let name = message.group();
        match message.availability {
            Availability::Ready => self.in_group(name, |group| {
                group.ready.remove(&sequence);
            }),
            Availability::Delayed { until } => {
                self.hidden.remove(&(until, sequence));
            }
            Availability::InFlight { until } => {
                self.hidden.remove(&(until, sequence));
                self.in_flight -= 1;
                self.in_group(name, |group| group.in_flight -= 1);
            }
        }
    }

    /// Changes a group and keeps its turn in step; a group without messages is forgotten.
    fn in_group(&mut self, name: GroupName, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(name.clone()).or_default();
        if let Some(&oldest) = group.ready.first() {
            self.turns.remove(&(group.in_flight, oldest, name.clone()));
        }
        change(group);
        match group.ready.first() {
            Some(&oldest) => {
                self.turns.insert((group.in_flight, oldest, name));
            }
            None if group.in_flight == 0 => {
                self.groups.remove(&name);
            }
            None => {}
        }
    }
}

impl Message {
    /// Whether a consumer holds it.
    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.availability, Availability::InFlight { .. })
    }

    /// Whether it could be received now.
    pub(super) fn is_ready(&self) -> bool {
        self.availability == Availability::Ready
    }

    fn group(&self) -> GroupName {
        self.content.group.as_deref().map(Arc::from)
    }
}
