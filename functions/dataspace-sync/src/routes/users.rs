//! Users as La Coop registers them.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use passerelle::platform::measures::Count;
use passerelle::web::body::ValidBody;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use serde_json::Value;

use super::UserId;
use crate::app::App;
use crate::caller::{CoopCaller, CoopOrOperator};
use crate::openapi::{refusals as by, schemas};

/// `PUT /users/{id}`.
#[utoipa::path(
    put,
    path = "/users/{id}",
    operation_id = "registerUser",
    tag = "Utilisateurs",
    summary = "Enregistrer un utilisateur",
    description = "Remplace ce que La Coop en dit. Une adresse électronique est celle d'un seul utilisateur. Rien n'est envoyé à Brevo : après un changement d'adresse, l'ancienne quitte la liste avec le prochain envoi.",
    params(schemas::UserPath),
    request_body = schemas::Registration,
    responses(
        (status = 200, description = "L'utilisateur était connu.", body = schemas::UserView),
        (status = 201, description = "L'utilisateur est nouveau.", body = schemas::UserView),
        by::Refused<(by::Caller, by::User, by::Query, by::Body, by::Email,)>,
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

/// `DELETE /users/{id}`.
#[utoipa::path(
    delete,
    path = "/users/{id}",
    operation_id = "deleteUser",
    tag = "Utilisateurs",
    summary = "Supprimer un utilisateur",
    description = "Il n'est plus synchronisé, son contact quitte la liste de Brevo, son adresse redevient libre. Ses emplois et son historique restent lisibles un temps (un an, sauf autre réglage), puis il est effacé. Répéter l'appel est sans effet.",
    params(schemas::UserPath),
    responses(
        (status = 204, description = "L'utilisateur est supprimé."),
        by::Refused<(by::Caller, by::User, by::Query,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    caller: CoopOrOperator,
    _: NoQuery,
    UserId(id): UserId,
) -> Result<StatusCode, ApiError> {
    app.users.delete(id).await?;
    caller.record("delete", id);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /users/{id}/erase`.
#[utoipa::path(
    post,
    path = "/users/{id}/erase",
    operation_id = "eraseUser",
    tag = "Utilisateurs",
    summary = "Effacer un utilisateur",
    description = "À la demande de la personne : il n'en reste rien, ni ici, ni sur la liste de Brevo. Répéter l'appel achève un effacement interrompu ; une fois achevé, l'utilisateur est inconnu (404).",
    params(schemas::UserPath),
    responses(
        (status = 204, description = "Il n'en reste rien."),
        by::Refused<(by::Caller, by::User, by::Query,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn erase(
    State(app): State<App>,
    caller: CoopOrOperator,
    _: NoQuery,
    UserId(id): UserId,
) -> Result<StatusCode, ApiError> {
    app.users.erase(id).await?;
    Count::PeopleErased.one();
    caller.record("erase", id);
    Ok(StatusCode::NO_CONTENT)
}
