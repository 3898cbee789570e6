//! The history of a user.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use passerelle::store::coop::Cursor;
use passerelle::web::error::ApiError;
use passerelle::web::query::Query;
use serde_json::{Value, json};

use super::{USUAL, place, shown, user_id};
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
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::read(query.as_deref(), &["limit", "cursor"])?;
    let (limit, after) = (query.limit_or(USUAL)?, query.get("cursor", place::<Cursor>)?);
    let user = app.existing(user_id(&id)?).await?.stored.user.id;
    let (items, next) = app.store.changes(user, after.as_ref(), limit).await?;
    Ok(Json(json!({"items": items, "nextCursor": next.as_ref().and_then(shown)})))
}
