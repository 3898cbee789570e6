//! The history of a user.

use axum::Json;
use axum::extract::State;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::{Value, json};

use super::{UserId, decode_cursor, encode_cursor};
use crate::app::App;
use crate::caller::CoopCaller;
use crate::openapi::{refusals as by, schemas};

/// `GET /users/{id}/changes`.
#[utoipa::path(
    get,
    path = "/users/{id}/changes",
    operation_id = "listChanges",
    tag = "Utilisateurs",
    summary = "Lire l'historique d'un utilisateur",
    description = "Ce que les synchronisations ont changé, avec les valeurs d'avant : rien n'est perdu par une suppression.",
    params(schemas::UserPath, schemas::Paging),
    responses(
        (status = 200, description = "Une page, du plus récent au plus ancien.", body = schemas::ChangePage),
        by::Refused<(by::Caller, by::User, by::Query,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: CoopCaller,
    Query(paging): Query<schemas::Paging>,
    UserId(id): UserId,
) -> Result<Json<Value>, ApiError> {
    let (limit, after) = (paging.limit(), decode_cursor(paging.cursor.as_deref())?);
    let user = app.users.find(id).await?.stored.user.id;
    let (items, next) = app.users.store.changes(user, after.as_ref(), limit).await?;
    Ok(Json(json!({"items": items, "nextCursor": next.as_ref().and_then(encode_cursor)})))
}
