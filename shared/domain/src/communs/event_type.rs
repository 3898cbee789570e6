//! The types of events.
//!
//! Source: docs/spec/communs.md#events-and-catching-up

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Le type d'un événement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventType {
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

impl EventType {
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
