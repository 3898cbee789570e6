//! A project, and every decision that changes one. Facts and `now` in, the new state and its event out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::content::Content;
use super::event_type::EventType;
use super::link::LinkRole;
use super::statut;
use super::values::Porteur;
use crate::api_key::Service;
use crate::instant;
use crate::uuid_text::parse_hyphenated_uuid;

/// The id of a project: a UUIDv7, so that ids sort in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectId(Uuid);

impl ProjectId {
    /// Reads an id; `None` when the text is no UUID in hyphenated form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_hyphenated_uuid(text).map(Self)
    }
}

impl From<Uuid> for ProjectId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl From<ProjectId> for Uuid {
    fn from(id: ProjectId) -> Self {
        id.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The shared copy of one local project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Given by us.
    pub id: ProjectId,
    /// The service that created it.
    pub origin: Service,
    /// Each service's own id of it.
    pub external_ids: BTreeMap<Service, String>,
    /// The linked services whose link gives what reading gives, and no more. Links made before there were roles are a
    /// writer's: they are not in it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub readers: BTreeSet<Service>,
    /// The last label each service wrote itself; it stays while the generic status is elsewhere.
    pub natifs: BTreeMap<Service, String>,
    /// What services write of it.
    #[serde(flatten)]
    pub content: Content,
    /// 1, 2, 3... : bumped by every change the other services are told of.
    pub version: u64,
    /// When it was created.
    #[serde(with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When its version last changed.
    #[serde(with = "instant")]
    pub updated_at: DateTime<Utc>,
}

/// What a body asks for, every value right.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The whole state, with what was not written as it was.
    pub content: Content,
    /// How the statut was written.
    pub label: Label,
}

/// How a service wrote the statut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Not at all: a patch may leave it alone.
    Untouched,
    /// As a generic code.
    Generic,
    /// As one of its own labels, here in its canonical form.
    Native(&'static str),
}

/// What a decision makes of a project.
#[derive(Clone, Debug, PartialEq)]
pub enum ProjectOutcome {
    /// Nothing to store, nobody to tell.
    Unchanged,
    /// A service changed its own label inside the same generic status: stored, nobody is told.
    Silent(Project),
    /// A new version, and one event.
    Changed(ProjectChange),
}

/// A new version of a project, and what its event says.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectChange {
    /// The new state.
    pub project: Project,
    /// The names of the fields that changed.
    pub changed: Vec<String>,
    /// The type of the event.
    pub event_type: EventType,
}

impl ProjectOutcome {
    /// The project as it stands after the decision, `before` being what was decided on.
    #[must_use]
    pub fn project<'a>(&'a self, before: &'a Project) -> &'a Project {
        match self {
            Self::Unchanged => before,
            Self::Silent(next) => next,
            Self::Changed(change) => &change.project,
        }
    }
}

impl Project {
    /// A new project of `service`.
    #[must_use]
    pub fn create(
        id: ProjectId,
        service: &Service,
        external_id: String,
        written: Written,
        now: DateTime<Utc>,
    ) -> ProjectChange {
        let mut project = Self {
            id,
            origin: service.clone(),
            external_ids: BTreeMap::from([(service.clone(), external_id)]),
            readers: BTreeSet::new(),
            natifs: BTreeMap::new(),
            content: written.content,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        project.write_label(service, written.label);
        let mut changed = project.content.given();
        changed.insert(0, EXTERNAL_IDS.to_owned());
        ProjectChange { project, changed, event_type: EventType::ProjectCreated }
    }

    /// `written` is the whole state as `service` wants it.
    #[must_use]
    pub fn update(&self, service: &Service, written: Written, now: DateTime<Utc>) -> ProjectOutcome {
        let mut next = self.clone();
        next.content = written.content;
        next.write_label(service, written.label);
        let changed = self.content.changed(&next.content);
        if changed.is_empty() {
            return if next.natifs == self.natifs { ProjectOutcome::Unchanged } else { ProjectOutcome::Silent(next) };
        }
        let event_type = if self.content.statut == next.content.statut {
            EventType::ProjectUpdated
        } else {
            EventType::ProjectStatusChanged
        };
        ProjectOutcome::Changed(self.bump(next, changed, event_type, now))
    }

    /// `service` imported the project under its own `external_id`, which replaces the one it had. Linking again may
    /// raise the role, and never lowers it.
    #[must_use]
    pub fn link(&self, service: &Service, external_id: &str, role: LinkRole, now: DateTime<Utc>) -> ProjectOutcome {
        let role = self.link_role(service).map_or(role, |current| current.max(role));
        let mut next = self.clone();
        next.external_ids.insert(service.clone(), external_id.to_owned());
        next.write_role(service, role);
        if next.external_ids != self.external_ids {
            return ProjectOutcome::Changed(self.bump(
                next,
                vec![EXTERNAL_IDS.to_owned()],
                EventType::ProjectLinked,
                now,
            ));
        }
        self.change_links(next, now)
    }

    /// `service`, which is linked, gets another role.
    #[must_use]
    pub fn set_link_role(&self, service: &Service, role: LinkRole, now: DateTime<Utc>) -> ProjectOutcome {
        let mut next = self.clone();
        next.write_role(service, role);
        self.change_links(next, now)
    }

    fn change_links(&self, next: Self, now: DateTime<Utc>) -> ProjectOutcome {
        if next.readers == self.readers {
            return ProjectOutcome::Unchanged;
        }
        ProjectOutcome::Changed(self.bump(next, vec![LINKS.to_owned()], EventType::ProjectUpdated, now))
    }

    /// The role of a service's link; `None` when it has none. The service that created the project needs none.
    #[must_use]
    pub fn link_role(&self, service: &Service) -> Option<LinkRole> {
        let linked = *service != self.origin && self.external_ids.contains_key(service);
        linked.then(|| if self.readers.contains(service) { LinkRole::Reader } else { LinkRole::Writer })
    }

    fn write_role(&mut self, service: &Service, role: LinkRole) {
        match role {
            LinkRole::Reader if *service != self.origin => self.readers.insert(service.clone()),
            LinkRole::Reader | LinkRole::Writer => self.readers.remove(service),
        };
    }

    /// `service` no longer has the project.
    #[must_use]
    pub fn unlink(&self, service: &Service, now: DateTime<Utc>) -> ProjectOutcome {
        let mut next = self.clone();
        if next.external_ids.remove(service).is_none() {
            return ProjectOutcome::Unchanged;
        }
        next.readers.remove(service);
        ProjectOutcome::Changed(self.bump(next, vec![EXTERNAL_IDS.to_owned()], EventType::ProjectUpdated, now))
    }

    /// The person is no longer the porteur référent; the organisation stays when its SIRET names it.
    #[must_use]
    pub fn blank_porteur(&self, now: DateTime<Utc>) -> ProjectOutcome {
        let mut next = self.clone();
        next.content.porteur = self.content.porteur.as_ref().and_then(Porteur::without_person);
        let mut changed = self.content.changed(&next.content);
        if changed.is_empty() {
            return ProjectOutcome::Unchanged;
        }
        changed.push("permissions".to_owned());
        ProjectOutcome::Changed(self.bump(next, changed, EventType::PersonErased, now))
    }

    /// The instant of a change: never before the previous one, so that one project's events keep their order even
    /// when two machines' clocks differ by a little.
    #[must_use]
    pub fn instant_of_change(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.max(self.updated_at)
    }

    /// The service created the project, or the project is linked to it.
    #[must_use]
    pub fn concerns(&self, service: &Service) -> bool {
        self.origin == *service || self.external_ids.contains_key(service)
    }

    /// The service created the project, or is linked to it as a writer: it may change it, and manage its permissions,
    /// without a user.
    #[must_use]
    pub fn may_be_written_by(&self, service: &Service) -> bool {
        self.origin == *service || self.link_role(service) == Some(LinkRole::Writer)
    }

    /// The label `service` is shown.
    #[must_use]
    pub fn native_label(&self, service: &Service) -> Option<&'static str> {
        statut::to_native(service, self.content.statut, self.natifs.get(service).map(String::as_str))
    }

    /// Remembers what `service` itself wrote. A generic code keeps the service's label while it still maps, else
    /// takes the first of its table.
    fn write_label(&mut self, service: &Service, written: Label) {
        let label = match written {
            Label::Untouched => None,
            Label::Generic => self.native_label(service),
            Label::Native(label) => Some(label),
        };
        if let Some(label) = label {
            self.natifs.insert(service.clone(), label.to_owned());
        }
    }

    fn bump(&self, mut next: Self, changed: Vec<String>, event_type: EventType, now: DateTime<Utc>) -> ProjectChange {
        next.version = self.version + 1;
        next.updated_at = self.instant_of_change(now);
        ProjectChange { project: next, changed, event_type }
    }
}

/// The property that tells of the roles of links.
const LINKS: &str = "links";
/// The property that tells of links.
const EXTERNAL_IDS: &str = "externalIds";
