//! Events: what the other services are told. One write, one event, frozen when it is committed.
//!
//! Source: docs/spec/communs.md#events-and-catching-up

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::event_type::EventType;
use super::permission::Level;
use super::project::{Project, ProjectChange, ProjectId};
use super::statut::{self, Generic};
use super::values::Porteur;
use super::view::ProjectView;
use crate::api_key::Service;
use crate::instant;

/// The id of an event, which is its `webhook-id` at every attempt: `evt_` and a UUIDv7, so that ids sort in order
/// of commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(String);

impl EventId {
    /// Reads an id; `None` when the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("evt_")?;
        let valid = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        valid.then(|| Self(text.to_owned()))
    }

    /// The smallest id an event committed at `instant` can have: where a page of events "since" begins.
    #[must_use]
    pub fn first_at(instant: DateTime<Utc>) -> Self {
        let millis = u64::try_from(instant.timestamp_millis()).unwrap_or(0);
        Self(format!("evt_{:012x}{}", millis & 0xffff_ffff_ffff, "0".repeat(20)))
    }

    /// The id as written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for EventId {
    fn from(uuid: Uuid) -> Self {
        Self(format!("evt_{}", uuid.simple()))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A committed event: its body is frozen, only the receiver's native label is filled in when it is shown or sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id, constant over retries.
    pub id: EventId,
    /// Its type.
    pub kind: EventType,
    /// When it was committed.
    pub at: DateTime<Utc>,
    /// The service that made the change, which is not told of it.
    pub service: Service,
    /// The project concerned.
    pub project: ProjectId,
    /// `data` as sent, `statutNatif` left null.
    pub data: Value,
    /// The labels each service had itself written, at commit.
    pub natifs: BTreeMap<Service, String>,
}

impl Event {
    /// The event of a new version of a project.
    #[must_use]
    pub fn of_change(id: EventId, service: &Service, change: &ProjectChange) -> Self {
        let project = &change.project;
        let mut shown = ProjectView::frozen(project).to_json();
        if let Some(members) = shown.as_object_mut().filter(|_| project.readers.is_empty()) {
            // What can be told from the external ids is not kept: the event of an ordinary project is one write unit.
            members.remove("links");
        }
        let data = json!({
            "projectId": project.id,
            "version": project.version,
            "origin": service,
            "changed": change.changed,
            "project": shown,
        });
        let natifs = project.natifs.clone();
        Self {
            id,
            kind: change.event_type,
            at: project.updated_at,
            service: service.clone(),
            project: project.id,
            data,
            natifs,
        }
    }

    /// The event of a deletion: a version of its own, no state.
    #[must_use]
    pub fn of_deletion(id: EventId, service: &Service, project: &Project, at: DateTime<Utc>) -> Self {
        let data = json!({
            "projectId": project.id,
            "version": project.version + 1,
            "origin": service,
            "changed": [],
            "project": null,
        });
        Self::bare(id, EventType::ProjectDeleted, service, project.id, data, at)
    }

    /// The event of a right granted (`Some`) or removed (`None`): no e-mail, no hash.
    #[must_use]
    pub fn of_permission(
        id: EventId,
        service: &Service,
        project: ProjectId,
        level: Option<Level>,
        at: DateTime<Utc>,
    ) -> Self {
        let data = json!({"projectId": project, "origin": service, "level": level});
        Self::bare(id, EventType::PermissionChanged, service, project, data, at)
    }

    /// The event of a person's erasure from a project whose own state did not change: only a right was removed.
    #[must_use]
    pub fn of_erased_right(id: EventId, service: &Service, project: &Project, at: DateTime<Utc>) -> Self {
        let change = ProjectChange {
            project: project.clone(),
            changed: vec!["permissions".to_owned()],
            event_type: EventType::PersonErased,
        };
        Self { at, ..Self::of_change(id, service, &change) }
    }

    /// The same event without the person, if its porteur référent is the one `is_person` recognises by e-mail.
    #[must_use]
    pub fn redacted(&self, is_person: impl Fn(&str) -> bool) -> Option<Self> {
        let mut next = self.clone();
        redact_data(&mut next.data, is_person).then_some(next)
    }

    fn bare(
        id: EventId,
        kind: EventType,
        service: &Service,
        project: ProjectId,
        data: Value,
        at: DateTime<Utc>,
    ) -> Self {
        Self { id, kind, at, service: service.clone(), project, data, natifs: BTreeMap::new() }
    }

    /// The version it tells of; `None` for a change of permission.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.data.get("version").and_then(Value::as_u64)
    }

    /// The names of the fields that changed.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        let names = self.data.get("changed").and_then(Value::as_array);
        names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// `data` as `receiver` is to see it, its own native label filled in.
    #[must_use]
    pub fn data_for(&self, receiver: &Service) -> Value {
        let mut data = self.data.clone();
        if let Some(project) = data.get_mut("project").and_then(Value::as_object_mut)
            && !project.contains_key("links")
        {
            project.insert("links".to_owned(), links_of_writers(project));
        }
        let generic = data.pointer("/project/statut").and_then(Value::as_str).and_then(Generic::from_code);
        if let (Some(generic), Some(slot)) = (generic, data.pointer_mut("/project/statutNatif")) {
            *slot = json!(statut::to_native(receiver, generic, self.natifs.get(receiver).map(String::as_str)));
        }
        data
    }

    /// The body of the webhook sent to `receiver`.
    #[must_use]
    pub fn body_for(&self, receiver: &Service) -> Value {
        json!({"type": self.kind, "timestamp": instant::text(self.at), "data": self.data_for(receiver)})
    }
}

/// The links of a project as shown none of which is a reader's.
fn links_of_writers(project: &Map<String, Value>) -> Value {
    let origin = project.get("origin").and_then(Value::as_str);
    let ids = project.get("externalIds").and_then(Value::as_object).into_iter().flatten();
    let linked = ids.filter(|(service, _)| Some(service.as_str()) != origin);
    linked.map(|(service, id)| (service.clone(), json!({"externalId": id, "role": "writer"}))).collect()
}

/// Takes the person out of the data of an event, when its porteur référent is the one `is_person` recognises; whether it
/// was.
#[must_use]
pub fn redact_data(data: &mut Value, is_person: impl Fn(&str) -> bool) -> bool {
    data.pointer_mut("/project/porteur").is_some_and(|porteur| redact(porteur, is_person))
}

/// Takes the person out of a porteur as shown, when it is the one `is_person` recognises; whether it was. Without a
/// SIRET nothing is left of it.
#[must_use]
pub fn redact(porteur: &mut Value, is_person: impl Fn(&str) -> bool) -> bool {
    if !porteur.get("referentEmail").and_then(Value::as_str).is_some_and(is_person) {
        return false;
    }
    *porteur = match serde_json::from_value::<Porteur>(porteur.clone()) {
        Ok(read) => json!(read.without_person()),
        // Not a porteur as we write them: better nothing than somebody's data.
        Err(_) => Value::Null,
    };
    true
}
