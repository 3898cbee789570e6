//! Permissions: the connected services manage them, people are only known by a keyed hash of their e-mail.

use axum::Json;
use axum::extract::{Path, Request, State};
use domain::communs::permission::Level;
use domain::communs::project::ProjectId;
use domain::reference::email::Email;
use domain::shape::{Fault, Field, Shape};
use http::StatusCode;
use passerelle::identity::person_hash::Person;
use passerelle::web::body::{MAX_BYTES, RawBody};
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::access;
use crate::app::App;
use crate::caller::ServiceCaller;
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;

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
    caller: ServiceCaller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await;
    deciding(|| async {
        let found = access::find(&app, &caller, &id).await?;
        access::require_management(&app, &caller, &found).await?;
        let (person, level) = person_and_level(&app, &body)?;
        app.commit_grant(&caller, &found.project, &person, Some(level)).await?;
        Ok(Json(json!({"projectId": found.project.id, "level": level})))
    })
    .await
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
    caller: ServiceCaller,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await;
    deciding(|| async {
        let found = access::find(&app, &caller, &id).await?;
        access::require_management(&app, &caller, &found).await?;
        let body = body.json(false)?;
        let field = Shape::object(&body, "", &["email"]).and_then(|shape| shape.text("email"));
        let person = person(&app, field.map_err(Problem::shape)?).map_err(values)?;
        app.commit_grant(&caller, &found.project, &person, None).await
    })
    .await?;
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
    caller: ServiceCaller,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await;
    let found = access::find(&app, &caller, &id).await?;
    let (person, level) = person_and_level(&app, &body)?;
    let grant = access::grant(&app, &person, found.project.id).await?;
    Ok(Json(json!({"allowed": grant.allows(level)})))
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
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await.json(false)?;
    let shape = Shape::object(&body, "", &["email", "projectIds"]).map_err(Problem::shape)?;
    let email = shape.text("email").map_err(Problem::shape)?;
    let texts = shape.texts("projectIds").map_err(Problem::shape)?;
    let mut faults = Vec::new();
    let person = person(&app, email).map_err(|fault| faults.push(fault)).ok();
    let texts = texts.set().unwrap_or_default();
    if !(1..=PROJECTS_MAX).contains(&texts.len()) {
        faults.push(Fault::new("/projectIds", "de 1 à 100 identifiants sont attendus"));
    }
    let Some(person) = person.filter(|_| faults.is_empty()) else {
        return Err(Problem::new(Code::ValidationFailed).errors(&faults).into());
    };
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

fn person_and_level(app: &App, body: &RawBody) -> Result<(Person, Level), Problem> {
    let body = body.json(false)?;
    let shape = Shape::object(&body, "", &["email", "level"]).map_err(Problem::shape)?;
    let (email, level) = (shape.text("email").map_err(Problem::shape)?, shape.text("level").map_err(Problem::shape)?);
    let person = person(app, email);
    let level = level.set().as_deref().and_then(Level::from_code);
    let level = level.ok_or_else(|| Fault::new("/level", "« READ » ou « WRITE » est attendu"));
    match (person, level) {
        (Ok(person), Ok(level)) => Ok((person, level)),
        (person, level) => {
            let faults: Vec<Fault> = [person.err(), level.err()].into_iter().flatten().collect();
            Err(Problem::new(Code::ValidationFailed).errors(&faults))
        }
    }
}

fn person(app: &App, email: Field<String>) -> Result<Person, Fault> {
    let email = email.set().and_then(|text| Email::parse(&text).ok());
    email.map(|email| app.person(&email)).ok_or_else(|| Fault::new("/email", "une adresse e-mail est attendue"))
}

fn values(fault: Fault) -> Problem {
    Problem::new(Code::ValidationFailed).errors(&[fault])
}
