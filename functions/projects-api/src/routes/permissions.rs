//! Permissions: the connected services manage them, people are only known by a keyed hash of their e-mail.

use axum::Json;
use axum::extract::State;
use domain::communs::project::ProjectId;
use http::StatusCode;
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use serde_json::{Value, json};

use crate::access::{KnownProject, ManagedProject};
use crate::app::App;
use crate::caller::ServiceCaller;
use crate::openapi::schemas::permission::{ManyProjects, PersonAndLevel};
use crate::openapi::schemas::person::Person;
use crate::openapi::{parameters, refusals as by, schemas};

/// The most projects in one `check`.
const PROJECTS_MAX: usize = 100;

/// `PUT /projects/{id}/permissions`.
#[utoipa::path(
    put,
    path = "/projects/{id}/permissions",
    operation_id = "putPermission",
    tag = "Permissions",
    summary = "Donner un droit",
    description = "Ouvert au service qui a créé le projet ou lui est lié, ou pour un utilisateur qui a WRITE. Les \
        autres services apprennent le niveau, pas la personne.",
    params(parameters::ProjectPath, parameters::ManagingUser),
    request_body = schemas::permission::PersonAndLevel,
    responses(
        (status = 200, description = "Le droit donné.", body = schemas::permission::Permission),
        by::Refused<(by::Caller, by::Project, by::Right, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn put(
    State(app): State<App>,
    access: ManagedProject,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let PersonAndLevel { email, level } = body.valid(Media::Json)?;
    let (person, level) = (app.person(&email.get()?), level.get()?);
    let granted = access.decide(|current| async {
        let found = current;
        let write = app.writes.grant(&access.caller, &found.project, &person, Some(level)).await?;
        app.writes.commit(write).await
    });
    granted.await?;
    Ok(Json(json!({"projectId": access.found.project.id, "level": level})))
}

/// `DELETE /projects/{id}/permissions`.
#[utoipa::path(
    delete,
    path = "/projects/{id}/permissions",
    operation_id = "deletePermission",
    tag = "Permissions",
    summary = "Retirer un droit",
    description = "Retire le droit explicite ; celui du porteur référent tient à ce rôle. Sans effet s'il n'y en \
        avait pas.",
    params(parameters::ProjectPath, parameters::ManagingUser),
    request_body = schemas::person::Person,
    responses(
        (status = 204, description = "Le droit explicite n'est plus."),
        by::Refused<(by::Caller, by::Project, by::Right, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    access: ManagedProject,
    body: RawBody,
) -> Result<StatusCode, ApiError> {
    let Person { email } = body.valid(Media::Json)?;
    let person = app.person(&email.get()?);
    let removed = access.decide(|current| async {
        let found = current;
        let write = app.writes.grant(&access.caller, &found.project, &person, None).await?;
        app.writes.commit(write).await
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /projects/{id}/permissions/check`.
#[utoipa::path(
    post,
    path = "/projects/{id}/permissions/check",
    operation_id = "checkPermission",
    tag = "Permissions",
    summary = "Vérifier un droit",
    description = "Ouvert à tous les services.",
    params(parameters::ProjectPath),
    request_body = schemas::permission::PersonAndLevel,
    responses(
        (status = 200, description = "La personne a-t-elle ce niveau ?", body = schemas::permission::Allowed),
        by::Refused<(by::Caller, by::Project, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn check(
    State(app): State<App>,
    access: KnownProject,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let PersonAndLevel { email, level } = body.valid(Media::Json)?;
    let grant = app.projects.grant(&app.person(&email.get()?), access.found.project.id).await?;
    Ok(Json(json!({"allowed": grant.allows(level.get()?)})))
}

/// `POST /permissions/check`.
#[utoipa::path(
    post,
    path = "/permissions/check",
    operation_id = "checkPermissions",
    tag = "Permissions",
    summary = "Vérifier les droits sur plusieurs projets",
    description = "Jusqu'à 100 projets. Ouvert à tous les services.",
    request_body = schemas::permission::ManyProjects,
    responses(
        (status = 200, description = "Les niveaux, dans l'ordre demandé.", body = schemas::permission::ManyLevels),
        by::Refused<(by::Caller, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn check_many(
    State(app): State<App>,
    _caller: ServiceCaller,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let mut body = body.parse::<ManyProjects>(Media::Json)?;
    let texts = body.body.project_ids.as_deref().unwrap_or_default();
    if !(1..=PROJECTS_MAX).contains(&texts.len()) && !body.faults.concern("/projectIds") {
        body.faults.add("/projectIds", "de 1 à 100 identifiants sont attendus");
    }
    let ManyProjects { email, project_ids } = body.valid()?;
    let (person, texts) = (app.person(&email.get()?), project_ids.get()?);
    let ids: Vec<Option<ProjectId>> = texts.iter().map(|text| ProjectId::parse(text)).collect();
    let known: Vec<ProjectId> = ids.iter().flatten().copied().collect();
    let grants = app.store.grants(&person, &known).await?;
    // A right may outlive its project: what was deleted gives none.
    let granted: Vec<ProjectId> = grants.keys().copied().collect();
    let live = app.store.live_projects(&granted).await?;
    let level = |id: &Option<ProjectId>| {
        let id = id.filter(|id| live.contains_key(id))?;
        grants.get(&id)?.grant().level()
    };
    let results: Vec<Value> =
        texts.iter().zip(&ids).map(|(text, id)| json!({"projectId": text, "level": level(id)})).collect();
    Ok(Json(json!({"results": results})))
}
