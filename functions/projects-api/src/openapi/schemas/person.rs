//! People, and their erasure.

use chrono::{DateTime, Utc};
use domain::body::Required;
use domain::communs::event_type::EventType;
use domain::reference::email::Email;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Une personne.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    #[schema(value_type = String, format = Email, max_length = 254, example = "camille@ville.example")]
    pub(crate) email: Required<Email>,
}

/// Ce qu'une personne a changé, dans l'ordre de création des projets.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangePage {
    #[schema(max_items = 100)]
    items: Vec<ChangedProject>,
    /// `null` sur la dernière page. Une page vide peut en avoir un.
    #[schema(required, pattern = "^[A-Za-z0-9_-]+$")]
    next_cursor: Option<String>,
}

/// Ce qu'une personne a changé d'un projet, la version la plus ancienne d'abord.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ChangedProject {
    project_id: Uuid,
    changes: Vec<PersonChange>,
}

/// Une version faite au nom d'une personne.
#[derive(ToSchema)]
pub(crate) struct PersonChange {
    #[schema(minimum = 1)]
    version: u64,
    at: DateTime<Utc>,
    /// Le service qui l'a nommée.
    #[schema(example = "tet")]
    service: String,
    r#type: EventType,
    /// Les noms des propriétés changées.
    #[schema(example = json!(["statut"]))]
    changed: Vec<String>,
}

/// Ce qui a été effacé ; tout est à zéro quand il n'y avait rien.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Erasure {
    /// Les projets sur lesquels un droit a été retiré.
    #[schema(example = 3)]
    permissions: u64,
    /// Les projets dont le porteur référent a été vidé.
    #[schema(example = 1)]
    porteurs: u64,
    /// Les événements conservés qui ont été caviardés.
    #[schema(example = 4)]
    events: u64,
    /// Les livraisons dont les réponses conservées ont été vidées.
    #[schema(example = 2)]
    deliveries: u64,
    /// Les réponses gardées pour l'idempotence qui ont été caviardées.
    #[schema(example = 0)]
    idempotency_records: u64,
}
