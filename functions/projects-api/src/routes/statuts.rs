//! The status table of the calling service.

use axum::Json;
use domain::communs::statut::{self, Generic};
use serde_json::{Value, json};

use crate::caller::ServiceCaller;
use crate::openapi::{refusals as by, schemas};

/// `GET /statuts`.
#[utoipa::path(
    get,
    path = "/statuts",
    operation_id = "readStatuts",
    tag = "Statuts",
    summary = "Lire la table des statuts",
    description = "Les codes génériques, et les libellés du service appelant.",
    responses(
        (status = 200, description = "La table.", body = schemas::statut::StatutTable),
        by::Refused<by::Caller>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn read(caller: ServiceCaller) -> Json<Value> {
    let row = |label: &statut::Label| json!({"natif": label.native, "generique": label.generic});
    let statuts: Vec<Value> = statut::accepted(&caller.service).iter().map(row).collect();
    Json(json!({"service": caller.service, "generiques": Generic::ALL, "statuts": statuts}))
}
