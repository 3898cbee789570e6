//! One project: create or update, read, patch, delete, history.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::api_key::Service;
use domain::communs::bodies::{ExternalId, ProjectBody, ProjectPatch};
use domain::communs::judge;
use domain::communs::view::ProjectView;
use http::{HeaderMap, StatusCode};
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::access::{DeletableProject, ReadableProject, Reading, WritableProject};
use crate::app::App;
use crate::caller::{PathAsSent, ProjectCaller, ServiceCaller, WithQuery};
use crate::creation::{Creations, answer};
use crate::idempotency::IdempotencyKey;
use crate::openapi::{parameters, refusals as by, schemas};
use crate::precondition;
use crate::refusal::problem_of;
use crate::writes::ProjectWrites;

/// The most versions a history shows.
const HISTORY_MAX: i32 = 1_000;

/// `POST /projects`: creates, or updates the project the caller already knows by that `externalId`.
#[utoipa::path(
    post,
    path = "/projects",
    operation_id = "createProject",
    tag = "Projets",
    summary = "Créer un projet, ou le mettre à jour",
    description = "Un projet que le service connaît déjà sous cet `externalId` (créé ou lié) est mis à jour, ce qui \
        demande WRITE : une requête dont la réponse s'est perdue peut être renvoyée. À la création, l'utilisateur et \
        le porteur reçoivent WRITE.",
    params(parameters::UserEmail, parameters::IdempotencyKey, parameters::IfMatch, parameters::IfNoneMatch),
    request_body = ProjectBody,
    responses(
        (status = 201, description = "Le projet a été créé.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
            ("Idempotency-Replayed" = String, description = "`true` si cette réponse avait déjà été donnée."),
        )),
        (
            status = 200,
            description = "Le projet existait : le voici, mis à jour.",
            body = ProjectView,
            headers(
                ("ETag" = String, description = "La version, entre guillemets."),
                ("Idempotency-Replayed" = String, description = "`true` si cette réponse avait déjà été donnée."),
            ),
        ),
        by::Refused<(by::Caller, by::User, by::Right, by::Replay, by::Body, by::Label)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn create(
    State(creations): State<Creations>,
    ProjectCaller(caller): ProjectCaller,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    let key = IdempotencyKey::of(&headers)?;
    let Some(key) = key else {
        let body = body.parse(Media::Json)?;
        return Ok(creations.upsert(&caller, &body, &headers).await?.to_response(&caller.service));
    };
    creations.upsert_once_per_key(&caller, &body, &headers, &key).await
}

/// `GET /projects/{id}`.
#[utoipa::path(
    get,
    path = "/projects/{id}",
    operation_id = "readProject",
    tag = "Projets",
    summary = "Lire un projet",
    description = "Demande READ.",
    params(parameters::ProjectPath, parameters::UserEmail),
    responses(
        (status = 200, description = "Le projet.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn read(access: ReadableProject) -> Response {
    answer(StatusCode::OK, &access.found.project, &access.caller.service)
}

/// `GET /projects/by-external-id/{service}?externalId=`.
#[utoipa::path(
    get,
    path = "/projects/by-external-id/{service}",
    operation_id = "findProjectByExternalId",
    tag = "Projets",
    summary = "Lire un projet par l'identifiant d'un service",
    description = "Demande READ. Le service peut être un autre que l'appelant.",
    params(parameters::ServicePath, parameters::ExternalIdQuery, parameters::UserEmail),
    responses(
        (status = 200, description = "Le projet.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn find_by_external_id(
    State(app): State<App>,
    WithQuery(ProjectCaller(caller), wanted): WithQuery<ProjectCaller, parameters::ExternalIdQuery>,
    Path(service): Path<String>,
) -> Result<Response, ApiError> {
    let Some(external_id) = wanted.external_id else {
        let detail = "Le paramètre « externalId » est obligatoire.";
        return Err(Problem::new(Code::InvalidQuery).detail(detail).into());
    };
    read_by_external_id(&app, &caller, &service, &external_id).await
}

/// `GET /projects/by-external-id/{service}/{externalId}`: for ids that need no encoding.
#[utoipa::path(
    get,
    path = "/projects/by-external-id/{service}/{externalId}",
    operation_id = "readProjectByExternalId",
    tag = "Projets",
    summary = "Lire un projet par l'identifiant simple d'un service",
    description = "Seulement pour un identifiant fait de lettres sans accent, de chiffres et de `-`, `_`, `.`, `~`. \
        Pour tout autre : `GET /projects/by-external-id/{service}?externalId=`.",
    params(parameters::ServicePath, parameters::ExternalIdPath, parameters::UserEmail),
    responses(
        (status = 200, description = "Le projet.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn by_external_id(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    PathAsSent(path): PathAsSent,
    Path((service, external_id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    // API Gateway hands the path over decoded, and it is decoded once more: only what no decoding changes is safe.
    let simple = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    let sent = path.split_once("/by-external-id/").and_then(|(_, rest)| rest.split_once('/'));
    if !sent.is_some_and(|(_, sent)| simple(sent) && sent == external_id) {
        let detail = "Cet identifiant se donne en paramètre : GET /projects/by-external-id/{service}?externalId=…";
        return Err(Problem::new(Code::InvalidQuery).detail(detail).into());
    }
    read_by_external_id(&app, &caller, &service, &external_id).await
}

async fn read_by_external_id(
    app: &App,
    caller: &ServiceCaller,
    service: &str,
    external_id: &str,
) -> Result<Response, ApiError> {
    let service = Service::parse(service).ok_or(Code::NotFound)?;
    // What is no external id names nothing.
    let external_id = ExternalId::try_from(external_id.to_owned()).map_err(|_| Code::NotFound)?;
    let id = app.store.project_by_external_id(&service, external_id.as_str()).await?.ok_or(Code::NotFound)?;
    let found = app.projects.find::<Reading>(caller, id).await?;
    Ok(answer(StatusCode::OK, &found.project, &caller.service))
}

/// `PATCH /projects/{id}`: an RFC 7396 merge patch.
#[utoipa::path(
    patch,
    path = "/projects/{id}",
    operation_id = "patchProject",
    tag = "Projets",
    summary = "Modifier un projet",
    description = "Demande WRITE. Un statut envoyé est traduit avec la table du service appelant. Une modification \
        qui ne change rien ne change pas la version et n'annonce rien.",
    params(parameters::ProjectPath, parameters::UserEmail, parameters::IfMatch),
    request_body(content(
        (ProjectPatch = "application/merge-patch+json"),
        (ProjectPatch = "application/json"),
    )),
    responses(
        (status = 200, description = "Le projet modifié.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match, by::Body, by::Label)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn patch(
    State(app): State<App>,
    access: WritableProject,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    let caller = &access.caller;
    let body = body.parse::<ProjectBody>(Media::MergePatch)?;
    if let Some(fault) = judge::misplaced_in_patch(&body) {
        return Err(Problem::shape(fault).into());
    }
    let project = access.decide(|current| async {
        let found = current;
        precondition::check(&headers, Some(found.project.version))?;
        let written = judge::patch(body.clone(), &found.project.content, &caller.service)
            .map_err(|faults| problem_of(faults, &caller.service))?;
        let outcome = found.project.update(&caller.service, written, app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await?;
        Ok(outcome.project(&found.project).clone())
    });
    Ok(answer(StatusCode::OK, &project.await?, &caller.service))
}

/// `DELETE /projects/{id}`.
#[utoipa::path(
    delete,
    path = "/projects/{id}",
    operation_id = "deleteProject",
    tag = "Projets",
    summary = "Supprimer un projet",
    description = "Pour un utilisateur qui a WRITE, ou par le service qui a créé le projet. Les autres services en sont prévenus ; les routes du projet répondent ensuite 410, \
        et son `externalId` est libre.",
    params(parameters::ProjectPath, parameters::UserEmail, parameters::IfMatch),
    responses(
        (status = 204, description = "Le projet est supprimé."),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn delete(
    State(writes): State<ProjectWrites>,
    access: DeletableProject,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let deleted = access.decide(|current| async {
        let found = current;
        precondition::check(&headers, Some(found.project.version))?;
        writes.commit(writes.deletion(&access.caller, &found).await?).await
    });
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /projects/{id}/history`.
#[utoipa::path(
    get,
    path = "/projects/{id}/history",
    operation_id = "readHistory",
    tag = "Projets",
    summary = "Lire l'historique d'un projet",
    description = "Demande READ. Une entrée par version, la plus récente d'abord : les noms des propriétés changées, \
        jamais leurs valeurs.",
    params(parameters::ProjectPath, parameters::UserEmail),
    responses(
        (status = 200, description = "L'historique.", body = schemas::project::History),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn history(State(app): State<App>, access: ReadableProject) -> Result<Json<Value>, ApiError> {
    let items = app.store.history(access.found.project.id, HISTORY_MAX).await?;
    Ok(Json(json!({"items": items})))
}
