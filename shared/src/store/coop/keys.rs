//! Every key of the table, built here and nowhere else, from typed inputs.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::store::item::ItemKey;
use crate::store::query::Index;
use domain::coop::structures::MatchKey;
use domain::instant;

/// The index of all users that are not deleted.
pub const ALL: Index = Index { name: "all", sort: "PK" };
/// The one partition of that index.
pub const ALL_USERS: &str = "USERS";
/// The index of what is due.
pub const DUE: Index = Index { name: "due", sort: "dueAt" };
/// Its partition of contacts.
pub const DUE_CONTACTS: &str = "CONTACTS";
/// Its partition of deleted users, sorted by when.
pub const DELETED_USERS: &str = "DELETED";
/// All runs.
pub const RUNS: &str = "RUNS";
/// Begins the sort key of an emploi.
pub const EMPLOI: &str = "E#";
/// Begins the sort key of a place of activity.
pub const LIEU: &str = "L#";
/// Begins the partition of a user.
const USER: &str = "U#";
/// Begins the partition of a contact.
const CONTACT: &str = "B#";

/// What is kept of a user.
#[must_use]
pub fn user_partition(id: Uuid) -> String {
    format!("{USER}{id}")
}

/// A user.
#[must_use]
pub fn user(id: Uuid) -> ItemKey {
    ItemKey::new(user_partition(id), "U")
}

/// The user of a partition.
#[must_use]
pub fn user_of(partition: &str) -> Option<Uuid> {
    partition.strip_prefix(USER)?.parse().ok()
}

/// An emploi.
#[must_use]
pub fn emploi(user: Uuid, id: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), format!("{EMPLOI}{id}"))
}

/// A place of activity: one link a structure.
#[must_use]
pub fn lieu(user: Uuid, structure: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), format!("{LIEU}{structure}"))
}

/// The history of a user.
#[must_use]
pub fn history(user: Uuid) -> String {
    format!("H#{user}")
}

/// The changes of one instant; `id` tells apart those of the same one.
#[must_use]
pub fn changes(user: Uuid, at: DateTime<Utc>, id: Uuid) -> ItemKey {
    ItemKey::new(history(user), format!("{}#{id}", instant::text(at)))
}

/// What Brevo may have been told of a user.
#[must_use]
pub fn told(user: Uuid) -> ItemKey {
    ItemKey::new(format!("{CONTACT}{user}"), "T")
}

/// Whose an e-mail is: one user's. Its hash stands for it.
#[must_use]
pub fn email(email: &str) -> ItemKey {
    ItemKey::new(format!("M#{}", digest(email)), "M")
}

/// What Brevo has to be told of a user.
#[must_use]
pub fn contact(user: Uuid) -> ItemKey {
    ItemKey::new(format!("{CONTACT}{user}"), "B")
}

/// The user of a contact's partition.
#[must_use]
pub fn user_of_contact(partition: &str) -> Option<Uuid> {
    partition.strip_prefix(CONTACT)?.parse().ok()
}

/// A structure.
#[must_use]
pub fn structure(id: Uuid) -> ItemKey {
    ItemKey::new(format!("S#{id}"), "S")
}

/// The structures with a match key. A name may be long: its hash stands for it.
#[must_use]
pub fn matches(key: &MatchKey) -> ItemKey {
    let pk = match key {
        MatchKey::Siret(siret, insee) => format!("K#S#{insee}#{}", digest(siret)),
        MatchKey::Nom(nom, insee) => format!("K#N#{insee}#{}", digest(nom)),
    };
    ItemKey::new(pk, "K")
}

/// A run.
#[must_use]
pub fn run(id: Uuid) -> ItemKey {
    ItemKey::new(RUNS, id.to_string())
}

/// The last attempt at a user of a run.
#[must_use]
pub fn attempt(run: Uuid, user: Uuid) -> ItemKey {
    ItemKey::new(format!("R#{run}"), user.to_string())
}

/// The user of an attempt's sort key.
#[must_use]
pub fn user_of_attempt(sort_key: &str) -> Option<Uuid> {
    sort_key.parse().ok()
}

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
