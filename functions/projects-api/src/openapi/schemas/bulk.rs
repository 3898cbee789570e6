//! Creation in bulk.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::body::{Raw, Required};
use domain::communs::bodies::ProjectBody;
use passerelle::web::openapi::problem::Problem;

/// Des projets à créer ou à mettre à jour.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bulk {
    /// Un même `externalId` peut revenir : le dernier l'emporte.
    #[schema(value_type = Vec<ProjectBody>, min_items = 1, max_items = 500)]
    pub(crate) projects: Required<Vec<Raw>>,
}

/// Le sort de chaque élément, dans l'ordre.
#[derive(ToSchema)]
#[schema(example = json!({"results": [
    {"index": 0, "externalId": "mec-1042", "status": 201, "id": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90"},
    {"index": 1, "externalId": "mec-1043", "status": 422, "problem": {
        "type": "/problems/validation-failed",
        "title": "Des valeurs ne respectent pas les règles",
        "status": 422,
        "errors": [{"pointer": "/projects/1/nom", "detail": "valeur obligatoire"}],
    }},
]}))]
pub(crate) struct BulkResults {
    #[schema(max_items = 500)]
    results: Vec<BulkResult>,
}

/// Le sort d'un élément : `id`, ou `problem`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct BulkResult {
    /// Sa place, à partir de 0.
    #[schema(minimum = 0, maximum = 499)]
    index: u64,
    #[schema(required)]
    external_id: Option<String>,
    /// 201 (créé), 200 (mis à jour), ou le statut du problème.
    status: u16,
    /// Le projet.
    #[schema(nullable = false)]
    id: Option<Uuid>,
    /// Ce qui a été refusé. Les pointeurs partent de la racine : `/projects/1/nom`.
    #[schema(nullable = false)]
    problem: Option<Problem>,
}
