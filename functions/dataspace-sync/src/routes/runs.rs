//! Nightly runs: how far they are, and going on after a look.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use domain::coop::run::View;
use http::StatusCode;
use passerelle::store::coop::StoredRun;
use passerelle::store::error::CommitError;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use passerelle::web::query::Query;
use passerelle::web::values;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{USUAL, place, shown};
use crate::app::App;
use crate::caller::RunCaller;
use crate::jobs::{Job, no_group};
use crate::openapi::{refusals as by, schemas};

/// `GET /sync-runs`.
#[utoipa::path(
    get,
    path = "/sync-runs",
    operation_id = "listSyncRuns",
    tag = "Synchronisations de nuit",
    summary = "Lister les synchronisations de nuit",
    description = "Avec leur avancement : utilisateurs synchronisés, non trouvés, en échec, en attente ; emplois vus et supprimés.",
    params(schemas::Paging),
    responses(
        (status = 200, description = "Une page, de la plus récente à la plus ancienne.", body = schemas::SyncRunPage),
        by::Refused<(by::Caller, by::Query,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn list(
    State(app): State<App>,
    _: RunCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::read(query.as_deref(), &["limit", "cursor"])?;
    let (limit, before) = (query.limit_or(USUAL)?, query.get("cursor", place::<Uuid>)?);
    let wanted = i32::try_from(limit + 1).unwrap_or(i32::MAX);
    let mut runs = app.store.runs(before, wanted).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).and_then(|run| shown(&run.id));
    let items: Vec<View> = runs.iter().map(|run| app.shown(run)).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}

/// `GET /sync-runs/{id}`.
#[utoipa::path(
    get,
    path = "/sync-runs/{id}",
    operation_id = "readSyncRun",
    tag = "Synchronisations de nuit",
    summary = "Lire une synchronisation de nuit",
    description = "Pendant qu'elle avance, et après.",
    params(schemas::SyncRunPath),
    responses(
        (status = 200, description = "La synchronisation.", body = schemas::SyncRun),
        by::Refused<(by::Caller, by::SyncRun,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn read(State(app): State<App>, _: RunCaller, Path(id): Path<String>) -> Result<Json<View>, ApiError> {
    Ok(Json(app.shown(&app.existing_run(&id).await?)))
}

/// `POST /sync-runs/{id}/resume`.
#[utoipa::path(
    post,
    path = "/sync-runs/{id}/resume",
    operation_id = "resumeSyncRun",
    tag = "Synchronisations de nuit",
    summary = "Reprendre une synchronisation en pause",
    description = "Après examen : les utilisateurs restants sont de nouveau demandés au Dataspace, sans la garde contre les suppressions en masse.",
    params(schemas::SyncRunPath),
    responses(
        (status = 202, description = "Elle reprend.", body = schemas::SyncRun),
        by::Refused<(by::Caller, by::SyncRun, by::Paused,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn resume(
    State(app): State<App>,
    _: RunCaller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<View>), ApiError> {
    let run = app.existing_run(&id).await?;
    let resumed = match app.store.resume(&run).await {
        Ok(resumed) => resumed,
        Err(CommitError::Race) => return Err(Code::SyncRunNotPaused.into()),
        Err(error) => return Err(error.into()),
    };
    tracing::info!(run = %run.id, "run resumed after a look");
    // Should the message be lost, the sweep lists them.
    if let Err(error) = app.syncs.send(&[Job::List { run: run.id }], no_group, 0).await {
        tracing::warn!(run = %run.id, %error, "resumed run not announced: left to the sweep");
    }
    Ok((StatusCode::ACCEPTED, Json(app.shown(&resumed))))
}

impl App {
    async fn existing_run(&self, id: &str) -> Result<StoredRun, ApiError> {
        let id = values::uuid(id).ok_or(Code::SyncRunNotFound)?;
        Ok(self.store.run(id).await?.ok_or(Code::SyncRunNotFound)?)
    }

    fn shown(&self, run: &StoredRun) -> View {
        run.run().view(self.clock.now())
    }
}
