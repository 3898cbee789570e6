//! One project: create or update, read, patch, delete, history.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use domain::api_key::Service;
use domain::communs::content;
use domain::communs::draft::ProjectDraft;
use domain::communs::permission::Level;
use domain::communs::project::{Outcome, Project};
use domain::communs::view;
use domain::shape::Field;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use passerelle::store::communs::idempotency::Record;
use passerelle::store::communs::projects::Stored;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::{MAX_BYTES, RawBody};
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::access::{self, Found};
use crate::app::App;
use crate::caller::{ProjectCaller, ServiceCaller};
use crate::openapi::{parameters, refusals as by, schemas};
use crate::precondition;
use crate::refusal::invalid;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest `Idempotency-Key` taken.
const IDEMPOTENCY_KEY_MAX: usize = 255;
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
    params(parameters::UserEmail, parameters::IdempotencyKey),
    request_body = schemas::project::NewProject,
    responses(
        (status = 201, description = "Le projet a été créé.", body = schemas::project::Project, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
            ("Idempotency-Replayed" = String, description = "`true` si cette réponse avait déjà été donnée."),
        )),
        (
            status = 200,
            description = "Le projet existait : le voici, mis à jour.",
            body = schemas::project::Project,
            headers(
                ("ETag" = String, description = "La version, entre guillemets."),
                ("Idempotency-Replayed" = String, description = "`true` si cette réponse avait déjà été donnée."),
            ),
        ),
        by::Refused<(by::Caller, by::User, by::Right, by::Body, by::Label, by::Idempotency)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn create(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    request: Request,
) -> Result<Response, ApiError> {
    let key = idempotency_key(request.headers())?;
    let body = RawBody::read(request, MAX_BYTES).await.json(false)?;
    let Some(key) = key else {
        let draft = ProjectDraft::creation(&body, "").map_err(Problem::shape)?;
        let (status, project) = upsert(&app, &caller, &draft, "", &|_, _, _| Ok(())).await?;
        return Ok(shown(status, &project, &caller.service));
    };
    let body_hash = hex::encode(Sha256::digest(body.to_string().as_bytes()));
    deciding(|| async {
        // The answer is kept in the transaction of the write: two requests at once with one key cannot both write.
        if let Some(record) = app.store.idempotency(&caller.service, &key, app.clock.now()).await? {
            return replayed(&record, &body_hash);
        }
        let draft = ProjectDraft::creation(&body, "").map_err(Problem::shape)?;
        let keep = |transaction: &mut Transaction, status: StatusCode, project: &Project| {
            let answer = view::of(project, &caller.service).to_string();
            let (status, body_hash, at) = (status.as_u16(), body_hash.clone(), app.clock.now());
            let record = Record { body_hash, status, answer, project: project.id, at };
            let porteur = app.porteur(project.porteur.as_ref());
            Ok(app.store.keep_answer(transaction, &caller.service, &key, &record, porteur.as_ref())?)
        };
        let (status, project) = upsert_once(&app, &caller, &draft, "", &keep).await?;
        Ok(shown(status, &project, &caller.service))
    })
    .await
}

/// Adds what a request itself keeps to the transaction of its write, given the status and project to be answered.
pub(super) type Keep<'a> = &'a (dyn Fn(&mut Transaction, StatusCode, &Project) -> Result<(), ApiError> + Sync);

/// Creates or updates, deciding again while races are lost.
pub(super) async fn upsert(
    app: &App,
    caller: &ServiceCaller,
    draft: &ProjectDraft,
    base: &str,
    keep: Keep<'_>,
) -> Result<(StatusCode, Project), ApiError> {
    deciding(|| upsert_once(app, caller, draft, base, keep)).await
}

async fn upsert_once(
    app: &App,
    caller: &ServiceCaller,
    draft: &ProjectDraft,
    base: &str,
    keep: Keep<'_>,
) -> Result<(StatusCode, Project), ApiError> {
    let refuse = |faults| ApiError::from(invalid(faults, &caller.service));
    let judge = || content::complete(draft.clone(), &caller.service, base).map_err(refuse);
    let now = app.clock.now();
    let Some(found) = known(app, caller, draft).await? else {
        let (external_id, content) = judge()?;
        let change = Project::create(app.ids.next(now).into(), &caller.service, external_id, content, now);
        let status = StatusCode::CREATED;
        app.commit_creation(caller, &change, |transaction| keep(transaction, status, &change.project)).await?;
        return Ok((status, change.project));
    };
    access::require(app, caller, &found, Level::Write).await?;
    let (_, content) = judge()?;
    let outcome = found.project.update(&caller.service, content, now);
    let project = after(&found.project, &outcome);
    let status = StatusCode::OK;
    app.commit_outcome(caller, &found, outcome, |transaction| keep(transaction, status, &project)).await?;
    Ok((status, project))
}

/// The project the caller already knows by the draft's external id.
async fn known(app: &App, caller: &ServiceCaller, draft: &ProjectDraft) -> Result<Option<Found>, ApiError> {
    let Field::Set(external_id) = &draft.external_id else { return Ok(None) };
    // A key of DynamoDB is at most 2,048 bytes: what is far too long is refused by its value, not looked up.
    if external_id.trim().is_empty() || external_id.len() > 1_000 {
        return Ok(None);
    }
    let Some(id) = app.store.project_by_external_id(&caller.service, external_id).await? else { return Ok(None) };
    match app.store.project(id).await? {
        Some(Stored::Live { project, revision }) => Ok(Some(Found::new(*project, revision))),
        // Deleted between the two reads.
        Some(Stored::Deleted) | None => Err(ApiError::Race),
    }
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
        (status = 200, description = "Le projet.", body = schemas::project::Project, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn read(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = access::readable(&app, &caller, &id).await?;
    Ok(shown(StatusCode::OK, &found.project, &caller.service))
}

/// `GET /projects/by-external-id/{service}/{externalId}`.
#[utoipa::path(
    get,
    path = "/projects/by-external-id/{service}/{externalId}",
    operation_id = "readProjectByExternalId",
    tag = "Projets",
    summary = "Lire un projet par l'identifiant d'un service",
    description = "Demande READ. Le service peut être un autre que l'appelant.",
    params(parameters::ServicePath, parameters::ExternalIdPath, parameters::UserEmail),
    responses(
        (status = 200, description = "Le projet.", body = schemas::project::Project, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn by_external_id(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path((service, external_id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let service = Service::parse(&service).filter(|_| external_id.len() <= 1_000).ok_or(Code::NotFound)?;
    let id = app.store.project_by_external_id(&service, &external_id).await?.ok_or(Code::NotFound)?;
    let found = access::readable(&app, &caller, &id.to_string()).await?;
    Ok(shown(StatusCode::OK, &found.project, &caller.service))
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
        (schemas::project::ProjectPatch = "application/merge-patch+json"),
        (schemas::project::ProjectPatch = "application/json"),
    )),
    responses(
        (status = 200, description = "Le projet modifié.", body = schemas::project::Project, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match, by::Body, by::Label)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn patch(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await;
    let project = deciding(|| async {
        let found = access::writable(&app, &caller, &id).await?;
        let draft = ProjectDraft::patch(&body.json(true)?).map_err(Problem::shape)?;
        precondition::if_match(&headers, found.project.version)?;
        let content = content::patched(draft, &found.project, &caller.service)
            .map_err(|faults| invalid(faults, &caller.service))?;
        let outcome = found.project.update(&caller.service, content, app.clock.now());
        let project = after(&found.project, &outcome);
        app.commit_outcome(&caller, &found, outcome, |_| Ok(())).await?;
        Ok(project)
    })
    .await?;
    Ok(shown(StatusCode::OK, &project, &caller.service))
}

/// `DELETE /projects/{id}`.
#[utoipa::path(
    delete,
    path = "/projects/{id}",
    operation_id = "deleteProject",
    tag = "Projets",
    summary = "Supprimer un projet",
    description = "Demande WRITE. Les autres services en sont prévenus ; les routes du projet répondent ensuite 410, \
        et son `externalId` est libre.",
    params(parameters::ProjectPath, parameters::UserEmail, parameters::IfMatch),
    responses(
        (status = 204, description = "Le projet est supprimé."),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    deciding(|| async {
        let found = access::writable(&app, &caller, &id).await?;
        precondition::if_match(&headers, found.project.version)?;
        app.commit_deletion(&caller, &found).await
    })
    .await?;
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
pub(super) async fn history(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let found = access::readable(&app, &caller, &id).await?;
    let items = app.store.history(found.project.id, HISTORY_MAX).await?;
    Ok(Json(json!({"items": items})))
}

/// The project as it stands after `outcome`.
pub(super) fn after(before: &Project, outcome: &Outcome) -> Project {
    match outcome {
        Outcome::Unchanged => before.clone(),
        Outcome::Silent(next) => next.clone(),
        Outcome::Changed(change) => change.project.clone(),
    }
}

/// The project as the answer of a request.
pub(super) fn shown(status: StatusCode, project: &Project, reader: &Service) -> Response {
    let etag = precondition::etag(project.version);
    (status, [(header::ETAG, etag)], Json(view::of(project, reader))).into_response()
}

fn replayed(record: &Record, body_hash: &str) -> Result<Response, ApiError> {
    if record.body_hash != body_hash {
        return Err(Code::IdempotencyKeyReused.into());
    }
    let answer: Value = serde_json::from_str(&record.answer).unwrap_or_default();
    let status = StatusCode::from_u16(record.status).unwrap_or(StatusCode::OK);
    let etag = precondition::etag(answer["version"].as_u64().unwrap_or_default());
    let marked = (IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok((status, [(header::ETAG, etag), marked], Json(answer)).into_response())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let refused =
        || Problem::new(Code::InvalidBody).detail("L'en-tête Idempotency-Key : un texte de 1 à 255 caractères ASCII.");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| refused())?.trim();
            if (1..=IDEMPOTENCY_KEY_MAX).contains(&text.len()) { Ok(Some(text.to_owned())) } else { Err(refused()) }
        }
        (Some(_), Some(_)) => Err(refused()),
    }
}
