//! Nightly runs: how far they are, and going on after a look.

use axum::Json;
use axum::extract::State;
use domain::coop::run::RunView;
use http::StatusCode;
use passerelle::store::coop::StoredRun;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::Code;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{RunId, decode_cursor, encode_cursor};
use crate::app::App;
use crate::caller::CoopOrOperator;
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
    _: CoopOrOperator,
    Query(paging): Query<schemas::Paging>,
) -> Result<Json<Value>, ApiError> {
    let (limit, before) = (paging.limit(), decode_cursor(paging.cursor.as_deref())?);
    let wanted = i32::try_from(limit + 1).unwrap_or(i32::MAX);
    let mut runs = app.runs.store.runs(before, wanted).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| more).and_then(|run| encode_cursor(&run.id));
    let items: Vec<RunView> = runs.iter().map(|run| app.runs.view(run)).collect();
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
        by::Refused<(by::Caller, by::SyncRun, by::Query,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn read(
    State(app): State<App>,
    _: CoopOrOperator,
    _: NoQuery,
    RunId(id): RunId,
) -> Result<Json<RunView>, ApiError> {
    Ok(Json(app.runs.view(&find(&app, id).await?)))
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
        by::Refused<(by::Caller, by::SyncRun, by::Query, by::Paused,)>,
    ),
    security(("apiKey" = ["sync"]), ("apiKey" = ["manage"])),
)]
pub(super) async fn resume(
    State(app): State<App>,
    _: CoopOrOperator,
    _: NoQuery,
    RunId(id): RunId,
) -> Result<(StatusCode, Json<RunView>), ApiError> {
    let run = find(&app, id).await?;
    let resumed = app.runs.resume(&run).await?.ok_or(Code::SyncRunNotPaused)?;
    Ok((StatusCode::ACCEPTED, Json(app.runs.view(&resumed))))
}

async fn find(app: &App, id: Uuid) -> Result<StoredRun, ApiError> {
    Ok(app.runs.store.run(id).await?.ok_or(Code::SyncRunNotFound)?)
}
