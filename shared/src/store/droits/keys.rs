//! Every key of the table, built here and nowhere else, from typed inputs.

use uuid::Uuid;

use super::collections::Kind;
use super::walk::List;
use crate::store::item::ItemKey;
use crate::store::query::Index;
use domain::droits::perimeter::GeoCode;
use domain::uuid_text::parse_hyphenated_uuid;

/// The index of what is to be sent, and of accounts by how long nobody used them.
pub const DUE: Index = Index { name: "due", sort: "dueAt" };
/// Its partition of mails.
pub const DUE_MAILS: &str = "MAILS";
/// Its partition of accounts, sorted by when they were last seen.
pub const UNSEEN: &str = "UNSEEN";
/// Its partition of accounts whose deletion was announced, sorted by when.
pub const ANNOUNCED: &str = "ANNOUNCED";
/// Begins the partition of a user.
const USER: &str = "U#";
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
/// Begins the partition of a commune's housing.
const HOUSING: &str = "H#";
/// Begins the partition of the owners of a commune's housing.
const OWNERS: &str = "OC#";
/// Begins the partition of an establishment's campaigns, groups or drafts.
const COLLECTIONS: &str = "EK#";
/// Begins the partition of the events of a commune's housing.
const COMMUNE_EVENTS: &str = "EVC#";
/// Begins the partition of the events of an establishment's campaigns.
const ESTABLISHMENT_EVENTS: &str = "EVE#";
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
    format!("{USER}{id}")
}

/// The user of a partition.
#[must_use]
pub fn user_of(partition: &str) -> Option<Uuid> {
    partition.strip_prefix(USER)?.parse().ok()
}

/// The mark of an account that ended, of which more is to be erased.
#[must_use]
pub fn remains(user: Uuid) -> ItemKey {
    ItemKey::new(user_partition(user), "X")
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

/// The attempts of one minute by somebody who is known by a keyed hash.
#[must_use]
pub fn attempts(subject: &str, minute: &str) -> ItemKey {
    ItemKey::new(format!("A#{subject}"), minute)
}

/// A link, by the hash of its token.
#[must_use]
pub fn link(token_hash: &str) -> ItemKey {
    ItemKey::new(format!("L#{token_hash}"), "L")
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
    format!("{HOUSING}{commune}")
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
    format!("{OWNERS}{commune}")
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
    format!("{COLLECTIONS}{establishment}#{}", kind.as_str())
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
    format!("{COMMUNE_EVENTS}{commune}")
}

/// The events of an establishment's campaigns.
#[must_use]
pub fn events_of_establishment(establishment: Uuid) -> String {
    format!("{ESTABLISHMENT_EVENTS}{establishment}")
}

/// An item of a list, by the id of what it lists.
#[must_use]
pub fn listed(partition: impl Into<String>, id: Uuid) -> ItemKey {
    ItemKey::new(partition, id.to_string())
}

/// Whether an item of `list` can have this partition and this sort key.
#[must_use]
pub fn is_place(list: List, partition: &str, sort_key: &str) -> bool {
    let is_id = |text: &str| parse_hyphenated_uuid(text).is_some();
    let is_commune = |text: &str| GeoCode::parse(text).is_some();
    let after = |prefix: &str| partition.strip_prefix(prefix);
    match list {
        // A member's own establishments are in no partition.
        List::Establishments => matches!(partition, "" | ESTABLISHMENTS) && is_id(sort_key),
        List::Localities => partition == LOCALITIES && is_commune(sort_key),
        List::Housing => after(HOUSING).is_some_and(is_commune) && is_id(sort_key),
        List::Owners => after(OWNERS).is_some_and(is_commune) && is_id(sort_key),
        List::Collections(kind) => {
            let id = after(COLLECTIONS).and_then(|rest| rest.strip_suffix(kind.as_str())?.strip_suffix('#'));
            (partition == all_collections(kind) || id.is_some_and(is_id)) && is_id(sort_key)
        }
        List::Events => {
            let known = partition == EVENTS
                || after(COMMUNE_EVENTS).is_some_and(is_commune)
                || after(ESTABLISHMENT_EVENTS).is_some_and(is_id);
            known && is_id(sort_key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_of_its_list_in_all_its_parts() {
        let (id, commune) = (Uuid::from_u128(7), GeoCode::parse("67482").unwrap());
        let lists = [
            (List::Establishments, vec![String::new(), ESTABLISHMENTS.to_owned()], id.to_string()),
            (List::Localities, vec![LOCALITIES.to_owned()], commune.to_string()),
            (List::Housing, vec![housing_partition(commune)], id.to_string()),
            (List::Owners, vec![owners_partition(commune)], id.to_string()),
            (
                List::Collections(Kind::Groups),
                vec![collections_of(Kind::Groups, id), all_collections(Kind::Groups)],
                id.to_string(),
            ),
            (
                List::Events,
                vec![EVENTS.to_owned(), events_of_commune(commune), events_of_establishment(id)],
                id.to_string(),
            ),
        ];
        for (rank, (list, partitions, sort_key)) in lists.iter().enumerate() {
            for partition in partitions {
                assert!(is_place(*list, partition, sort_key), "{list:?} {partition}");
                assert!(!is_place(*list, partition, ""), "{list:?} {partition}");
                assert!(!is_place(*list, partition, &"x".repeat(2_000)), "{list:?} {partition}");
                assert!(!is_place(*list, &format!("{partition}x"), sort_key), "{list:?} {partition}");
                for (other, (elsewhere, ..)) in lists.iter().enumerate() {
                    assert!(other == rank || !is_place(*elsewhere, partition, sort_key), "{elsewhere:?} {partition}");
                }
            }
        }
        assert!(!is_place(List::Collections(Kind::Campaigns), &collections_of(Kind::Groups, id), &id.to_string()));
    }
}
