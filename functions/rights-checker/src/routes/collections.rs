//! Campaigns, groups and drafts.

use axum::Json;
use axum::extract::State;
use passerelle::store::droits::{Kind, List};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::Value;

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, Window};
use crate::openapi::{queries, refusals as by, schemas};

/// `GET /campaigns`.
#[utoipa::path(
    get,
    path = "/campaigns",
    operation_id = "listCampaigns",
    tag = "Données",
    summary = "Lister les campagnes",
    description = "Celles de l'établissement, quel que soit le périmètre.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn campaigns(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Campaigns, &caller, query).await
}

/// `GET /groups`.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "listGroups",
    tag = "Données",
    summary = "Lister les groupes",
    description = "Ceux de l'établissement, quel que soit le périmètre.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn groups(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Groups, &caller, query).await
}

/// `GET /drafts`.
#[utoipa::path(
    get,
    path = "/drafts",
    operation_id = "listDrafts",
    tag = "Données",
    summary = "Lister les brouillons",
    description = "Ceux de l'établissement, quel que soit le périmètre.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::CollectionPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn drafts(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    list(&app, Kind::Drafts, &caller, query).await
}

/// Filtered by establishment, whatever the perimeter (node R3 of docs/seeds/droits.md).
async fn list(app: &App, kind: Kind, caller: &DataCaller, query: queries::ListQuery) -> Result<Json<Value>, ApiError> {
    let (Window { limit, after }, filter) = query.of(List::Collections(kind))?;
    let establishments = caller.establishments(&filter);
    let page = app.store.collections(kind, establishments.as_deref(), after.as_ref(), limit).await?;
    Ok(lists::to_json(page))
}
