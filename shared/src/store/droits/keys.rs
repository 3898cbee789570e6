//! Every key of the table, built here and nowhere else, from typed inputs.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::collections::Kind;
use crate::store::item::ItemKey;
use crate::store::query::Index;
use domain::droits::perimeter::GeoCode;

/// The index of what is to be sent.
pub const DUE: Index = Index { name: "due", sort: "dueAt" };
/// The one partition of that index.
pub const DUE_MAILS: &str = "MAILS";
/// All establishments.
pub const ESTABLISHMENTS: &str = "ESTS";
/// All localities.
pub const LOCALITIES: &str = "LOCS";
/// The counts of all communes.
pub const COUNTS: &str = "HC";
/// All events.
pub const EVENTS: &str = "EVALL";
/// Begins the sort key of a membership.
pub const MEMBERSHIP: &str = "M#";
/// Begins the sort key of an owner's count in a commune.
pub const OWNER_COMMUNE: &str = "C#";
/// Begins the sort key of part of the housing of a campaign or group.
pub const CHUNK: &str = "H#";
/// Begins the partition of a mail.
const MAIL: &str = "MAIL#";

/// A user.
#[must_use]
pub fn user(id: Uuid) -> ItemKey {
    ItemKey::new(user_partition(id), "U")
}

/// What is kept of a user.
#[must_use]
pub fn user_partition(id: Uuid) -> String {
    format!("U#{id}")
}

/// A membership.
#[must_use]
pub fn membership(user: Uuid, establishment: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), format!("{MEMBERSHIP}{establishment}"))
}

/// The establishment a membership's sort key names.
#[must_use]
pub fn establishment_of_membership(sort_key: &str) -> Option<Uuid> {
    sort_key.strip_prefix(MEMBERSHIP)?.parse().ok()
}

/// A perimeter.
#[must_use]
pub fn perimeter(user: Uuid, establishment: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), format!("P#{establishment}"))
}

/// The second factor of a user.
#[must_use]
pub fn second_factor(user: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), "2FA")
}

/// The user of an e-mail, in lower case.
#[must_use]
pub fn email(email: &str) -> ItemKey {
    ItemKey::new(format!("E#{email}"), "E")
}

/// A prospect, by e-mail in lower case.
#[must_use]
pub fn prospect(email: &str) -> ItemKey {
    ItemKey::new(format!("PR#{email}"), "PR")
}

/// An establishment.
#[must_use]
pub fn establishment(id: Uuid) -> ItemKey {
    ItemKey::new(format!("EST#{id}"), "E")
}

/// An establishment in the list of all.
#[must_use]
pub fn establishment_listed(id: Uuid) -> ItemKey {
    ItemKey::new(ESTABLISHMENTS, id.to_string())
}

/// The establishments of a SIREN.
#[must_use]
pub fn siren_partition(siren: &str) -> String {
    format!("SIREN#{siren}")
}

/// An establishment by its SIREN.
#[must_use]
pub fn siren(siren: &str, establishment: Uuid) -> ItemKey {
    ItemKey::new(siren_partition(siren), establishment.to_string())
}

/// The attempts of an e-mail or an address, of which only the hash is kept.
#[must_use]
pub fn attempts(subject: &str) -> ItemKey {
    ItemKey::new(format!("A#{}", hex::encode(Sha256::digest(subject.as_bytes()))), "A")
}

/// A mail to send.
#[must_use]
pub fn mail(id: Uuid) -> ItemKey {
    ItemKey::new(format!("{MAIL}{id}"), "MAIL")
}

/// The mail of a partition.
#[must_use]
pub fn mail_of(partition: &str) -> Option<Uuid> {
    partition.strip_prefix(MAIL)?.parse().ok()
}

/// A locality.
#[must_use]
pub fn locality(commune: GeoCode) -> ItemKey {
    ItemKey::new(LOCALITIES, commune.as_str())
}

/// A housing by id.
#[must_use]
pub fn housing(id: Uuid) -> ItemKey {
    ItemKey::new(format!("HI#{id}"), "HI")
}

/// The housing of a commune.
#[must_use]
pub fn housing_partition(commune: GeoCode) -> String {
    format!("H#{commune}")
}

/// A housing in its commune.
#[must_use]
pub fn housing_in(commune: GeoCode, id: Uuid) -> ItemKey {
    ItemKey::new(housing_partition(commune), id.to_string())
}

/// How much housing a commune has.
#[must_use]
pub fn count(commune: GeoCode) -> ItemKey {
    ItemKey::new(COUNTS, commune.as_str())
}

/// What is kept of an owner.
#[must_use]
pub fn owner_partition(id: Uuid) -> String {
    format!("O#{id}")
}

/// An owner.
#[must_use]
pub fn owner(id: Uuid) -> ItemKey {
    ItemKey::new(owner_partition(id), "O")
}

/// How much housing an owner has in a commune.
#[must_use]
pub fn owner_commune(id: Uuid, commune: GeoCode) -> ItemKey {
    ItemKey::new(owner_partition(id), format!("{OWNER_COMMUNE}{commune}"))
}

/// The commune an owner's count is of.
#[must_use]
pub fn commune_of_owner(sort_key: &str) -> Option<GeoCode> {
    GeoCode::parse(sort_key.strip_prefix(OWNER_COMMUNE)?)
}

/// The owners of a commune's housing.
#[must_use]
pub fn owners_partition(commune: GeoCode) -> String {
    format!("OC#{commune}")
}

/// An owner among those of a commune.
#[must_use]
pub fn owner_in(commune: GeoCode, id: Uuid) -> ItemKey {
    ItemKey::new(owners_partition(commune), id.to_string())
}

/// What is kept of a campaign, group or draft.
#[must_use]
pub fn collection_partition(kind: Kind, id: Uuid) -> String {
    format!("K#{}#{id}", kind.as_str())
}

/// A campaign, group or draft.
#[must_use]
pub fn collection(kind: Kind, id: Uuid) -> ItemKey {
    ItemKey::new(collection_partition(kind, id), "K")
}

/// Part of the housing of a campaign or group.
#[must_use]
pub fn collection_chunk(kind: Kind, id: Uuid, number: usize) -> ItemKey {
    ItemKey::new(collection_partition(kind, id), format!("{CHUNK}{number:06}"))
}

/// The campaigns, groups or drafts of an establishment.
#[must_use]
pub fn collections_of(kind: Kind, establishment: Uuid) -> String {
    format!("EK#{establishment}#{}", kind.as_str())
}

/// All campaigns, groups or drafts.
#[must_use]
pub fn all_collections(kind: Kind) -> String {
    format!("AK#{}", kind.as_str())
}

/// An event.
#[must_use]
pub fn event(id: Uuid) -> ItemKey {
    ItemKey::new(format!("EV#{id}"), "EV")
}

/// The events of a housing or a campaign.
#[must_use]
pub fn events_of_parent(parent: Uuid) -> String {
    format!("EVP#{parent}")
}

/// The events of a commune's housing.
#[must_use]
pub fn events_of_commune(commune: GeoCode) -> String {
    format!("EVC#{commune}")
}

/// The events of an establishment's campaigns.
#[must_use]
pub fn events_of_establishment(establishment: Uuid) -> String {
    format!("EVE#{establishment}")
}

/// An item of a list, by the id of what it lists.
#[must_use]
pub fn listed(partition: impl Into<String>, id: Uuid) -> ItemKey {
    ItemKey::new(partition, id.to_string())
}
