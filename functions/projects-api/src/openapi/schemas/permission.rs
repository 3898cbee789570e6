//! Permissions.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// READ : lire le projet ; WRITE : le lire et le modifier.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    Read,
    Write,
}

/// Une personne et un niveau.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonAndLevel {
    /// L'adresse de la personne ; seule une empreinte en est gardée.
    #[schema(format = Email, max_length = 254, example = "camille@ville.example")]
    email: String,
    level: Level,
}

/// Le droit explicite d'une personne sur un projet.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Permission {
    project_id: Uuid,
    level: Level,
}

/// La personne a-t-elle le niveau demandé ?
#[derive(ToSchema)]
pub(crate) struct Allowed {
    allowed: bool,
}

/// Une personne et des projets.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ManyProjects {
    #[schema(format = Email, max_length = 254, example = "camille@ville.example")]
    email: String,
    #[schema(min_items = 1, max_items = 100, example = json!(["019a4323-5f80-7a01-8e5b-8a3f2d6c1b90"]))]
    project_ids: Vec<String>,
}

/// Les niveaux de la personne, dans l'ordre demandé.
#[derive(ToSchema)]
pub(crate) struct ManyLevels {
    #[schema(max_items = 100)]
    results: Vec<ProjectLevel>,
}

/// Le niveau d'une personne sur un projet.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ProjectLevel {
    /// Tel que demandé.
    project_id: String,
    /// Le plus fort de ses droits ; `null` : aucun, ou projet inconnu ou supprimé.
    #[schema(required)]
    level: Option<Level>,
}
