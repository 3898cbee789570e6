//! Projects, as read, created and patched.

use chrono::{DateTime, Utc};
use domain::communs::event_type::EventType;
use domain::communs::view::ProjectView;
use utoipa::ToSchema;

/// Une page de projets, dans l'ordre de création.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ProjectPage {
    #[schema(max_items = 100)]
    items: Vec<ProjectView<'static>>,
    /// À donner en `cursor` pour la page suivante ; `null` sur la dernière.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Les versions d'un projet, la plus récente d'abord.
#[derive(ToSchema)]
pub(crate) struct History {
    items: Vec<HistoryEntry>,
}

/// Qui a changé quoi, et quand ; jamais de valeur.
#[derive(ToSchema)]
pub(crate) struct HistoryEntry {
    #[schema(minimum = 1)]
    version: u64,
    at: DateTime<Utc>,
    /// Le service qui a écrit.
    #[schema(example = "tet")]
    service: String,
    actor: Actor,
    r#type: EventType,
    /// Les noms des propriétés changées.
    #[schema(example = json!(["statut", "budgetPrevisionnel"]))]
    changed: Vec<String>,
}

/// Pour un utilisateur nommé, ou pour le service lui-même.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Actor {
    User,
    Service,
}
