//! Every key of the table, built here and nowhere else, from typed inputs.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::identity::person_hash::PersonHash;
use crate::store::item::ItemKey;
use crate::store::query::Index;
use domain::api_key::{KeyHash, Scope, Service};
use domain::communs::event::EventId;
use domain::communs::project::ProjectId;
use domain::webhooks::subscription::WebhookId;

/// Events and the list of all projects are spread over this many partitions: a partition of DynamoDB takes 1,000
/// write units a second, so that 32 of them carry some 10,000 ordinary changes a second (docs/scaling.md).
pub const SHARDS: u8 = 32;

/// The index of what is due.
pub const DUE: Index = Index { name: "due", sort: "dueAt" };
/// The index of all live projects.
pub const ALL: Index = Index { name: "all", sort: "PK" };
/// The index of projects by département.
pub const TERRITORY: Index = Index { name: "territory", sort: "PK" };

/// A project's partition; also the sort key of rights and of the two listing indexes.
#[must_use]
pub fn project_partition(id: ProjectId) -> String {
    format!("{PROJECT_PREFIX}{id}")
}

/// What all partitions of projects begin with.
pub const PROJECT_PREFIX: &str = "P#";

/// The project of a `P#<id>` text.
#[must_use]
pub fn project_of(partition: &str) -> Option<ProjectId> {
    ProjectId::parse(partition.strip_prefix(PROJECT_PREFIX)?)
}

/// A project, or its tombstone.
#[must_use]
pub fn head(id: ProjectId) -> ItemKey {
    ItemKey::new(project_partition(id), "HEAD")
}

/// One more département of a project.
#[must_use]
pub fn further_departement(id: ProjectId, code: &str) -> ItemKey {
    ItemKey::new(project_partition(id), format!("T#{code}"))
}

/// The history of one version: zero-padded, so that versions sort as numbers.
#[must_use]
pub fn history(id: ProjectId, version: u64) -> ItemKey {
    ItemKey::new(project_partition(id), format!("{HISTORY_PREFIX}{version:012}"))
}

/// What all history sort keys begin with.
pub const HISTORY_PREFIX: &str = "H#";

/// The claim of a service's external id.
#[must_use]
pub fn external_id(service: &Service, external_id: &str) -> ItemKey {
    ItemKey::new(format!("X#{service}#{external_id}"), "X")
}

/// All rights of a person.
#[must_use]
pub fn person_partition(person: &PersonHash) -> String {
    format!("{PERSON_PREFIX}{}", person.as_str())
}

/// The right of a person on a project.
#[must_use]
pub fn grant(person: &PersonHash, id: ProjectId) -> ItemKey {
    ItemKey::new(person_partition(person), project_partition(id))
}

/// What the partitions of people begin with.
const PERSON_PREFIX: &str = "U#";

/// The person of a partition, if it is a person's.
#[must_use]
pub fn person_of(partition: &str) -> Option<PersonHash> {
    Some(PersonHash::of_text(partition.strip_prefix(PERSON_PREFIX)?))
}

/// Everybody who was erased.
pub const ERASED: &str = "ERASED";

/// A person who was erased.
#[must_use]
pub fn erased(person: &PersonHash) -> ItemKey {
    ItemKey::new(ERASED, person.as_str())
}

/// An event.
#[must_use]
pub fn event(id: &EventId) -> ItemKey {
    ItemKey::new(event_partition(shard(id.as_str().as_bytes())), id.as_str())
}

/// One of the [`SHARDS`] partitions of events.
#[must_use]
pub fn event_partition(shard: u8) -> String {
    format!("{EVENT_PREFIX}{shard:02}")
}

/// What the partitions of events begin with.
const EVENT_PREFIX: &str = "EV#";

/// Whether a partition is one of events.
#[must_use]
pub fn is_event(partition: &str) -> bool {
    partition.starts_with(EVENT_PREFIX)
}

/// The partition, in index `due`, of the pending events of one shard.
#[must_use]
pub fn pending_partition(shard: u8) -> String {
    format!("E#{shard:02}")
}

/// The pending partition of one event.
#[must_use]
pub fn pending_partition_of(id: &EventId) -> String {
    pending_partition(shard(id.as_str().as_bytes()))
}

/// One of the [`SHARDS`] partitions of index `all`.
#[must_use]
pub fn all_partition(shard: u8) -> String {
    format!("A#{shard:02}")
}

/// The partition of index `all` that lists a project.
#[must_use]
pub fn all_partition_of(id: ProjectId) -> String {
    all_partition(shard(Uuid::from(id).as_bytes()))
}

/// The partition of index `territory` of one département.
#[must_use]
pub fn territory_partition(departement: &str) -> String {
    format!("D#{departement}")
}

/// All webhooks of all services: a few dozen, read at every change.
pub const WEBHOOKS: &str = "WEBHOOKS";

/// A webhook.
#[must_use]
pub fn webhook(service: &Service, id: WebhookId) -> ItemKey {
    ItemKey::new(WEBHOOKS, format!("{}{id}", webhook_prefix(service)))
}

/// What the sort keys of a service's webhooks begin with.
#[must_use]
pub fn webhook_prefix(service: &Service) -> String {
    format!("{service}#")
}

/// How many webhooks a service has.
#[must_use]
pub fn webhook_count(service: &Service) -> ItemKey {
    ItemKey::new(format!("{WEBHOOKS}#{service}"), "COUNT")
}

/// All deliveries of a webhook.
#[must_use]
pub fn delivery_partition(webhook: WebhookId) -> String {
    format!("W#{webhook}")
}

/// The delivery of one event to one webhook.
#[must_use]
pub fn delivery(webhook: WebhookId, event: &EventId) -> ItemKey {
    ItemKey::new(delivery_partition(webhook), format!("{DELIVERY_PREFIX}{event}"))
}

/// What the sort keys of deliveries begin with.
pub const DELIVERY_PREFIX: &str = "D#";

/// The event a delivery's sort key names.
#[must_use]
pub fn event_of_delivery(sort_key: &str) -> Option<EventId> {
    EventId::parse(sort_key.strip_prefix(DELIVERY_PREFIX)?)
}

/// All deleted webhooks whose deliveries are being removed; also their partition in index `due`.
pub const PURGES: &str = "PURGES";

/// A deleted webhook whose deliveries are being removed.
#[must_use]
pub fn purge(webhook: WebhookId) -> ItemKey {
    ItemKey::new(PURGES, webhook.to_string())
}

/// The pings a webhook was sent lately.
#[must_use]
pub fn pings(webhook: WebhookId) -> ItemKey {
    ItemKey::new(delivery_partition(webhook), "PINGS")
}

/// The partition, in index `due`, of the deliveries of one webhook that wait for a retry.
#[must_use]
pub fn retry_partition(webhook: WebhookId) -> String {
    format!("R#{webhook}")
}

/// An API key.
#[must_use]
pub fn api_key(hash: &KeyHash) -> ItemKey {
    ItemKey::new(format!("K#{}", hash.as_str()), "K")
}

/// One of the two places for active keys of a service and scope.
#[must_use]
pub fn api_key_slot(service: &Service, scope: Scope, slot: u8) -> ItemKey {
    ItemKey::new(format!("S#{service}"), format!("{}#{slot}", scope.as_str()))
}

/// An idempotency record of a service, a scope and a person, if one is named; the caller's key is hashed with them, as
/// it may be any text.
#[must_use]
pub fn idempotency(service: &Service, scope: Scope, person: Option<&PersonHash>, key: &str) -> ItemKey {
    let person = person.map_or("-", PersonHash::as_str);
    let hash = Sha256::digest(format!("{}\n{person}\n{key}", scope.as_str()));
    ItemKey::new(format!("I#{service}#{}", hex::encode(hash)), "I")
}

/// What leads from a person to a kept answer that names them: the record's partition key is its sort key.
#[must_use]
pub fn answer_trace(person: &PersonHash, record: &ItemKey) -> ItemKey {
    ItemKey::new(person_partition(person), record.pk.clone())
}

/// The record a trace leads to.
#[must_use]
pub fn traced_answer(trace_sk: &str) -> ItemKey {
    ItemKey::new(trace_sk, "I")
}

/// Whether a partition is a kept answer's.
#[must_use]
pub fn is_kept_answer(partition: &str) -> bool {
    partition.starts_with(ANSWER_TRACE_PREFIX)
}

/// What the sort keys of traces begin with, and the partitions they name.
pub const ANSWER_TRACE_PREFIX: &str = "I#";

/// Spreads ids evenly: the first byte of their hash (ids themselves begin with the time).
fn shard(id: &[u8]) -> u8 {
    Sha256::digest(id)[0] % SHARDS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn history_sorts_as_numbers(a in 0_u64..1_000_000_000, b in 0_u64..1_000_000_000) {
            let id = ProjectId::from(Uuid::nil());
            prop_assert_eq!(a.cmp(&b), history(id, a).sk.cmp(&history(id, b).sk));
        }

        #[test]
        fn external_ids_of_different_services_never_meet(a in ".{1,40}", b in ".{1,40}") {
            let (mec, tet) = (Service::parse("mec").unwrap(), Service::parse("tet").unwrap());
            prop_assert_ne!(external_id(&mec, &a), external_id(&tet, &b));
            prop_assert_eq!(external_id(&mec, &a) == external_id(&mec, &b), a == b);
        }

        #[test]
        fn project_partitions_read_back(bits in any::<u128>()) {
            let id = ProjectId::from(Uuid::from_u128(bits));
            prop_assert_eq!(project_of(&project_partition(id)), Some(id));
        }
    }
}
