//! What an operator does to an account, by a key of scope `manage` of ZLV or of the operators. Each deed is audited.
//!
//! Source: docs/spec/droits.md#what-an-operator-does

use axum::Json;
use axum::extract::{Path, State};
use domain::droits::account::User;
use domain::droits::suspension::Suspension;
use domain::uuid_text::parse_hyphenated_uuid;
use http::StatusCode;
use passerelle::platform::measures::Count;
use passerelle::store::droits::StoredUser;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::app::App;
use crate::audit::{self, Deed};
use crate::caller::ManageCaller;
use crate::openapi::{queries, refusals as by, schemas};

/// `GET /administration/users`.
#[utoipa::path(
    get,
    path = "/administration/users",
    operation_id = "findUser",
    tag = "Gestion",
    summary = "Trouver une personne par son adresse",
    description = "Les comptes supprimés compris.",
    params(queries::EmailQuery),
    responses(
        (status = 200, description = "La personne.", body = schemas::User),
        by::Refused<(by::Manager, by::Existing, by::Query,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn find(
    State(app): State<App>,
    _: ManageCaller,
    Query(query): Query<queries::EmailQuery>,
) -> Result<Json<Value>, ApiError> {
    let missing = || Problem::new(Code::InvalidQuery).detail("Le paramètre « email » est obligatoire.");
    let email = query.email.ok_or_else(missing)?;
    let stored = app.store.user_by_email(email.normalised()).await?.ok_or(Code::NotFound)?;
    Ok(Json(schemas::account(&stored.user)))
}

/// `PUT /administration/users/{id}/role`.
#[utoipa::path(
    put,
    path = "/administration/users/{id}/role",
    operation_id = "setRole",
    tag = "Gestion",
    summary = "Donner un rôle à une personne",
    description = "Le rôle vaut dès la requête suivante de la personne.",
    params(schemas::IdPath),
    request_body = schemas::RoleChange,
    responses(
        (status = 200, description = "La personne.", body = schemas::User),
        by::Refused<(by::Manager, by::Existing, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn set_role(
    State(app): State<App>,
    manager: ManageCaller,
    Path(id): Path<String>,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::RoleChange>,
) -> Result<Json<Value>, ApiError> {
    let role = body.role.get()?;
    // Another role, other terms: what was announced, or told to operators, holds no more.
    let change = |user: &User| Ok(User { role, deletion_announced: None, ..user.clone() });
    let user = change_user(&app, &id, change).await?;
    Count::RolesChanged.one();
    audit::record_deed(Deed::RoleChanged, user.id, &manager.service);
    Ok(Json(schemas::account(&user)))
}

/// `PUT /administration/users/{id}/suspension`.
#[utoipa::path(
    put,
    path = "/administration/users/{id}/suspension",
    operation_id = "suspendUser",
    tag = "Gestion",
    summary = "Suspendre une personne",
    description = "Une suspension posée ici n'est ni levée ni remplacée par une connexion. Les causes de Portail DF lui sont réservées.",
    params(schemas::IdPath),
    request_body = schemas::ManualSuspension,
    responses(
        (status = 200, description = "La personne.", body = schemas::User),
        by::Refused<(by::Manager, by::Existing, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn suspend(
    State(app): State<App>,
    manager: ManageCaller,
    Path(id): Path<String>,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::ManualSuspension>,
) -> Result<Json<Value>, ApiError> {
    let suspension = Suspension { at: app.clock.now(), cause: body.cause.get()?.0 };
    let change = |user: &User| Ok(User { suspension: Some(suspension.clone()), ..user.clone() });
    let user = change_user(&app, &id, change).await?;
    audit::record_deed(Deed::Suspended, user.id, &manager.service);
    Ok(Json(schemas::account(&user)))
}

/// `DELETE /administration/users/{id}/suspension`.
#[utoipa::path(
    delete,
    path = "/administration/users/{id}/suspension",
    operation_id = "endSuspension",
    tag = "Gestion",
    summary = "Mettre fin à une suspension posée par une personne",
    description = "Une suspension causée par Portail DF n'est levée que par une connexion : elle est introuvable ici.",
    params(schemas::IdPath),
    responses(
        (status = 200, description = "La personne.", body = schemas::User),
        by::Refused<(by::Manager, by::Existing,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn end_suspension(
    State(app): State<App>,
    manager: ManageCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Json<Value>, ApiError> {
    let change = |user: &User| match &user.suspension {
        Some(suspension) if suspension.is_manual() => Ok(User { suspension: None, ..user.clone() }),
        _ => Err(Code::NotFound.into()),
    };
    let user = change_user(&app, &id, change).await?;
    audit::record_deed(Deed::SuspensionEnded, user.id, &manager.service);
    Ok(Json(schemas::account(&user)))
}

/// `PUT /administration/users/{id}/email`.
#[utoipa::path(
    put,
    path = "/administration/users/{id}/email",
    operation_id = "changeEmail",
    tag = "Gestion",
    summary = "Changer l'adresse d'une personne",
    description = "Toutes ses sessions prennent fin. Portail DF est interrogé sous la nouvelle adresse à la prochaine connexion.",
    params(schemas::IdPath),
    request_body = schemas::Mailbox,
    responses(
        (status = 200, description = "La personne.", body = schemas::User),
        by::Refused<(by::Manager, by::Existing, by::EmailFree, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn change_email(
    State(app): State<App>,
    manager: ManageCaller,
    Path(id): Path<String>,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Mailbox>,
) -> Result<Json<Value>, ApiError> {
    let email = body.email.get()?.normalised().to_owned();
    let id = parse_hyphenated_uuid(&id).ok_or(Code::NotFound)?;
    let (app, email) = (&app, email.as_str());
    let user = retry_on_conflict(|| async move {
        let stored = app.store.user(id).await?.ok_or(Code::NotFound)?;
        if stored.user.email == email {
            return Ok(stored.user);
        }
        if app.store.user_by_email(email).await?.is_some() {
            return Err(Code::EmailAlreadyUsed.into());
        }
        // Whatever was announced was announced to the other address.
        let user = User { email: email.to_owned(), deletion_announced: None, ..stored.user.clone() };
        let mut transaction = Transaction::default();
        app.store.move_email(&mut transaction, &stored.user.email, &user)?;
        app.store.update_user(&mut transaction, &with_sessions_ended(&stored), &user)?;
        app.store.commit(transaction).await?;
        Ok(user)
    })
    .await?;
    audit::record_deed(Deed::EmailChanged, user.id, &manager.service);
    Ok(Json(schemas::account(&user)))
}

/// `DELETE /administration/users/{id}`.
#[utoipa::path(
    delete,
    path = "/administration/users/{id}",
    operation_id = "deleteUser",
    tag = "Gestion",
    summary = "Supprimer un compte",
    description = "La connexion répond ensuite que le compte est supprimé. Pour ne rien garder de la personne : l'effacement.",
    params(schemas::IdPath),
    responses(
        (status = 204, description = "Le compte est supprimé."),
        by::Refused<(by::Manager, by::Existing,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    manager: ManageCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<StatusCode, ApiError> {
    let now = app.clock.now();
    // Deleted already: since then.
    let change =
        |user: &User| Ok(User { deleted_at: user.deleted_at.or(Some(now)), deletion_announced: None, ..user.clone() });
    let user = change_user(&app, &id, change).await?;
    audit::record_deed(Deed::Deleted, user.id, &manager.service);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /administration/erasures`.
#[utoipa::path(
    post,
    path = "/administration/erasures",
    operation_id = "erasePerson",
    tag = "Gestion",
    summary = "Effacer une personne",
    description = "Son compte, ses droits enregistrés et sa demande de compte sont effacés. Répéter l'effacement ne change rien.",
    request_body = schemas::Mailbox,
    responses(
        (status = 200, description = "Ce qui a été effacé.", body = schemas::Erased),
        by::Refused<(by::Manager, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn erase(
    State(app): State<App>,
    manager: ManageCaller,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Mailbox>,
) -> Result<Json<Value>, ApiError> {
    let email = body.email.get()?;
    let email = email.normalised();
    // The request first: without it, no account can be made of it any more.
    let prospect = app.store.erase_prospect(email).await?;
    let store = &app.store;
    let ended = retry_on_conflict(|| async move {
        let Some(stored) = store.user_by_email(email).await? else { return Ok(None) };
        store.end_account(&stored).await?;
        Ok(Some(stored.user.id))
    })
    .await?;
    Count::PeopleErased.one();
    if let Some(id) = ended {
        audit::record_deed(Deed::Erased, id, &manager.service);
        app.store.erase_remains(id).await?;
    }
    Ok(Json(json!({"user": ended.is_some(), "prospect": prospect})))
}

/// Changes a user, however often somebody else does meanwhile.
async fn change_user(app: &App, id: &str, change: impl Fn(&User) -> Result<User, ApiError>) -> Result<User, ApiError> {
    let id = parse_hyphenated_uuid(id).ok_or(Code::NotFound)?;
    let change = &change;
    retry_on_conflict(|| async move {
        let stored = app.store.user(id).await?.ok_or(Code::NotFound)?;
        let user = change(&stored.user)?;
        let mut transaction = Transaction::default();
        app.store.update_user(&mut transaction, &stored, &user)?;
        app.store.commit(transaction).await?;
        Ok(user)
    })
    .await
}

/// The same user, all of whose sessions end with the next write.
fn with_sessions_ended(stored: &StoredUser) -> StoredUser {
    StoredUser { credentials_version: stored.credentials_version + 1, ..stored.clone() }
}
