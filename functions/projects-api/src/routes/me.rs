//! Who the caller is, to us.

use axum::Json;

use crate::caller::AnyCaller;
use crate::openapi::{refusals as by, schemas};

/// `GET /me`.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "readMe",
    tag = "Documentation",
    summary = "Savoir qui l'on est",
    description = "Le service et la portée de la clé présentée, quelle qu'elle soit.",
    responses(
        (status = 200, description = "La clé.", body = schemas::me::Me),
        by::Refused<by::Key>,
    ),
    security(("apiKey" = ["projects", "sync", "manage"])),
)]
pub(super) async fn read(caller: AnyCaller) -> Json<schemas::me::Me> {
    Json(schemas::me::Me { service: caller.service, scope: caller.scope, key_prefix: caller.key_prefix })
}
