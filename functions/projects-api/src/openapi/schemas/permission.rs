//! Permissions.

use domain::body::Required;
use domain::communs::permission::Level;
use domain::reference::email::Email;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Une personne et un niveau.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonAndLevel {
    /// L'adresse de la personne ; seule une empreinte en est gardée.
    #[schema(value_type = String, format = Email, max_length = 254, example = "camille@ville.example")]
    pub(crate) email: Required<Email>,
    #[schema(value_type = Level)]
    pub(crate) level: Required<Level>,
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
    #[schema(value_type = String, format = Email, max_length = 254, example = "camille@ville.example")]
    pub(crate) email: Required<Email>,
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100, example = json!(["019a4323-5f80-7a01-8e5b-8a3f2d6c1b90"]))]
    pub(crate) project_ids: Required<Vec<String>>,
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
