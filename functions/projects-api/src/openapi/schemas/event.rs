//! Events, and what copies are compared with.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use domain::communs::event_type::EventType;
use domain::communs::examples;
use domain::communs::permission::Level;
use domain::communs::view::ProjectView;

/// Une page d'événements, le plus ancien d'abord.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct EventPage {
    #[schema(max_items = 100)]
    items: Vec<Event>,
    /// Où la lecture s'est arrêtée, à donner en `after` la fois suivante ; jamais `null`, même sur une page vide.
    next_cursor: String,
}

/// Un événement : le corps du webhook, avec l'identifiant qui est dans son en-tête `webhook-id`.
#[derive(ToSchema)]
#[schema(example = event_example)]
pub(crate) struct Event {
    /// Aussi le `webhook-id` de ses livraisons : deux événements de même `id` sont le même.
    #[schema(pattern = "^evt_[0-9a-f]{32}$")]
    id: String,
    r#type: EventType,
    timestamp: DateTime<Utc>,
    data: EventData,
}

/// Ce qui a changé.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EventData {
    Project(ProjectChange),
    Permission(PermissionChange),
}

/// La nouvelle version d'un projet. Gardez la plus haute `version` reçue et ignorez les autres.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectChange {
    project_id: Uuid,
    #[schema(minimum = 1)]
    version: u64,
    /// Le service qui a fait le changement.
    origin: String,
    /// Les noms des propriétés changées.
    changed: Vec<String>,
    /// Le projet entier ; `null` après une suppression.
    #[schema(required)]
    project: Option<ProjectView<'static>>,
}

/// Un droit donné ou retiré, sans dire à qui.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionChange {
    project_id: Uuid,
    /// Le service qui a fait le changement.
    origin: String,
    /// `null` : le droit explicite a été retiré.
    #[schema(required)]
    level: Option<Level>,
}

/// Une page de l'état des projets, dans l'ordre de création.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DigestPage {
    #[schema(max_items = 100)]
    items: Vec<DigestEntry>,
    /// À donner en `after` pour la page suivante ; `null` sur la dernière.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// L'état d'un projet, pour comparer deux copies sans les transporter.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DigestEntry {
    project_id: Uuid,
    #[schema(minimum = 1)]
    version: u64,
    /// SHA-256 ; ne dépend ni du lecteur ni des libellés des services.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

fn event_example() -> Value {
    json!({
        "id": "evt_019a432386f47c41b2d0c5a1e7f3904d",
        "type": "project.status_changed",
        "timestamp": "2026-11-12T14:31:07.214Z",
        "data": {
            "projectId": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90",
            "version": 3,
            "origin": "tet",
            "changed": ["statut"],
            "project": examples::project(),
        },
    })
}
