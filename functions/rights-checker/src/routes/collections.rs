//! Campaigns, groups and drafts.

use axum::Json;
use axum::extract::{RawQuery, State};
use passerelle::store::droits::Kind;
use passerelle::web::error::ApiError;
use serde_json::Value;

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, PARAMETERS, Wanted};
use crate::openapi::{refusals as by, schemas};

/// `GET /campaigns`.
#[utoipa::path(
    get,
    path = "/campaigns",
    operation_id = "listCampaigns",
    tag = "Données",
    summary = "Lister les campagnes",
    description = "Celles de l'établissement, quel que soit le périmètre.",
    params(schemas::Paging, schemas::Whose),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn campaigns(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Campaigns, &caller, query.as_deref()).await
}

/// `GET /groups`.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "Données",
    summary = "Lister les groupes",
    description = "Ceux de l'établissement, quel que soit le périmètre.",
    params(schemas::Paging, schemas::Whose),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn groups(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Groups, &caller, query.as_deref()).await
}

/// `GET /drafts`.
#[utoipa::path(
    get,
    path = "/drafts",
    operation_id = "listDrafts",
    tag = "Données",
    summary = "Lister les brouillons",
    description = "Ceux de l'établissement, quel que soit le périmètre.",
    params(schemas::Paging, schemas::Whose),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn drafts(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Drafts, &caller, query.as_deref()).await
}

/// Filtered by establishment, whatever the perimeter (node R3 of docs/seeds/droits.md).
async fn list(app: &App, kind: Kind, caller: &DataCaller, query: Option<&str>) -> Result<Json<Value>, ApiError> {
    let wanted = Wanted::read(query, &PARAMETERS)?;
    let establishments = caller.establishments(wanted.establishments.as_deref());
    let page = app.store.collections(kind, establishments.as_deref(), wanted.after.as_ref(), wanted.limit).await?;
    Ok(lists::answer(page))
}
