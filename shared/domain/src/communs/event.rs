//! Events: what the other services are told. One write, one event, frozen when it is committed.
//!
//! Source: docs/spec/communs.md#events-and-catching-up

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::permission::Level;
use super::project::{Change, Porteur, Project, ProjectId};
use super::statut::{self, Generic};
use super::view;
use crate::api_key::Service;
use crate::instant;

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A project was created.
    #[serde(rename = "project.created")]
    ProjectCreated,
    /// Fields other than the generic status changed.
    #[serde(rename = "project.updated")]
    ProjectUpdated,
    /// The generic status changed, maybe with other fields.
    #[serde(rename = "project.status_changed")]
    ProjectStatusChanged,
    /// A service imported the project.
    #[serde(rename = "project.linked")]
    ProjectLinked,
    /// The project was deleted.
    #[serde(rename = "project.deleted")]
    ProjectDeleted,
    /// A right was granted or removed.
    #[serde(rename = "permission.changed")]
    PermissionChanged,
    /// A person asked to be forgotten.
    #[serde(rename = "person.erased")]
    PersonErased,
}

impl Kind {
    /// All types, in the spec's order.
    pub const ALL: [Self; 7] = [
        Self::ProjectCreated,
        Self::ProjectUpdated,
        Self::ProjectStatusChanged,
        Self::ProjectLinked,
        Self::ProjectDeleted,
        Self::PermissionChanged,
        Self::PersonErased,
    ];

    /// The type as written on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProjectCreated => "project.created",
            Self::ProjectUpdated => "project.updated",
            Self::ProjectStatusChanged => "project.status_changed",
            Self::ProjectLinked => "project.linked",
            Self::ProjectDeleted => "project.deleted",
            Self::PermissionChanged => "permission.changed",
            Self::PersonErased => "person.erased",
        }
    }

    /// Reads a type; `None` for anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether a newer delivered version of the project makes a late one of these useless.
    #[must_use]
    pub const fn can_be_superseded(self) -> bool {
        !matches!(self, Self::ProjectDeleted | Self::PersonErased | Self::PermissionChanged)
    }
}

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
    pub kind: Kind,
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
    pub fn of_change(id: EventId, service: &Service, change: &Change) -> Self {
        let project = &change.project;
        let data = json!({
            "projectId": project.id,
            "version": project.version,
            "origin": service,
            "changed": change.changed,
            "project": view::frozen(project),
        });
        let natifs = project.natifs.clone();
        Self {
            id,
            kind: change.kind,
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
        Self::bare(id, Kind::ProjectDeleted, service, project.id, data, at)
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
        Self::bare(id, Kind::PermissionChanged, service, project, data, at)
    }

    /// The event of a person's erasure from a project whose own state did not change: only a right was removed.
    #[must_use]
    pub fn of_erased_right(id: EventId, service: &Service, project: &Project, at: DateTime<Utc>) -> Self {
        let change = Change { project: project.clone(), changed: vec!["permissions"], kind: Kind::PersonErased };
        Self { at, ..Self::of_change(id, service, &change) }
    }

    /// The same event without the person, if its porteur référent is the one `is_person` recognises by e-mail.
    #[must_use]
    pub fn redacted(&self, is_person: impl Fn(&str) -> bool) -> Option<Self> {
        let mut next = self.clone();
        let porteur = next.data.pointer_mut("/project/porteur")?;
        redact(porteur, is_person).then_some(next)
    }

    fn bare(id: EventId, kind: Kind, service: &Service, project: ProjectId, data: Value, at: DateTime<Utc>) -> Self {
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
