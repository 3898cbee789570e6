//! Users as La Coop registers them.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use passerelle::web::body::ValidBody;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use serde_json::Value;

use super::UserId;
use crate::app::App;
use crate::caller::CoopCaller;
use crate::openapi::{refusals as by, schemas};

/// `PUT /users/{id}`.
#[utoipa::path(
    put,
    path = "/users/{id}",
    operation_id = "registerUser",
    tag = "Utilisateurs",
    summary = "Enregistrer un utilisateur",
    description = "Remplace ce que La Coop en dit. Rien n'est envoyé à Brevo.",
    params(schemas::UserPath),
    request_body = schemas::Registration,
    responses(
        (status = 200, description = "L'utilisateur était connu.", body = schemas::UserView),
        (status = 201, description = "L'utilisateur est nouveau.", body = schemas::UserView),
        by::Refused<(by::Caller, by::User, by::Query, by::Body,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn register(
    State(app): State<App>,
    _: CoopCaller,
    _: NoQuery,
    UserId(id): UserId,
    ValidBody(registration): ValidBody<schemas::Registration>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let status = app.users.register(id, &registration.into_identity()?).await?;
    Ok((status, Json(app.users.view(&app.users.find(id).await?).await?)))
}

/// `GET /users/{id}`.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "readUser",
    tag = "Utilisateurs",
    summary = "Lire un utilisateur",
    description = "Ses rôles, tous ses emplois avec leurs structures, ses lieux d'activité, sa dernière synchronisation.",
    params(schemas::UserPath),
    responses(
        (status = 200, description = "L'utilisateur.", body = schemas::UserView),
        by::Refused<(by::Caller, by::User, by::Query,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn read(
    State(app): State<App>,
    _: CoopCaller,
    _: NoQuery,
    UserId(id): UserId,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(app.users.view(&app.users.find(id).await?).await?))
}
