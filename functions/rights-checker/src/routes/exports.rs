//! Exports of housing.

use std::pin::pin;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::droits::perimeter::GeoCode;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderValue, header};
use passerelle::store::droits::{Kind, ListPosition};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::{Code, Problem};
use rust_xlsxwriter::XlsxError;
use uuid::Uuid;

use super::housing::occupied;
use crate::app::App;
use crate::caller::DataCaller;
use crate::export::{Export, MAX_BYTES, MEDIA_TYPE};
use crate::lists::Filter;
use crate::openapi::{queries, refusals as by, schemas};
use domain::uuid_text::parse_hyphenated_uuid;

/// Rows read at a time.
const PAGE: usize = 500;
/// Ids read at a time: one `BatchGetItem`.
const BATCH: usize = 100;
/// Batches read at the same time: one after the other, what fits would not be read in the time there is.
const AT_ONCE: usize = 4;
/// A row takes some 60 bytes compressed: more rows than this never fit, and are not even read.
const MAX_ROWS: usize = 150_000;

/// `GET /housing/export`.
#[utoipa::path(
    get,
    path = "/housing/export",
    operation_id = "exportHousing",
    tag = "Exports",
    summary = "Exporter les logements",
    description = "Les filtres sont ceux de la liste.",
    params(queries::ExportQuery),
    responses(
        (status = 200, description = "Le classeur.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        by::Refused<(by::Seeing, by::Query, by::Size,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn housing(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ExportQuery>,
) -> Result<Response, ApiError> {
    let filter = Filter::from(query);
    let occupied = occupied(&app, &caller, &filter).await?;
    if occupied.iter().map(|(_, count)| count).sum::<u64>() > MAX_ROWS as u64 {
        return Err(too_large());
    }
    let communes: Vec<GeoCode> = occupied.into_iter().map(|(code, _)| code).collect();
    let mut export = Export::new().map_err(failed)?;
    let mut after: Option<ListPosition> = None;
    loop {
        let page = app.store.housing_page(&communes, filter.statuses.as_deref(), after.as_ref(), PAGE).await?;
        for (_, housing) in &page.items {
            export.add(housing).map_err(failed)?;
        }
        match page.items.into_iter().next_back() {
            Some((last, _)) if page.more => after = Some(last),
            _ => return finished(export, "logements"),
        }
    }
}

/// `GET /campaigns/{id}/export`.
#[utoipa::path(
    get,
    path = "/campaigns/{id}/export",
    operation_id = "exportCampaign",
    tag = "Exports",
    summary = "Exporter une campagne",
    description = "Les logements de la campagne qui sont visibles.",
    params(schemas::IdPath),
    responses(
        (status = 200, description = "Le classeur.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        by::Refused<(by::Seeing, by::Existing, by::Size,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn campaign(
    State(app): State<App>,
    caller: DataCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    collection(&app, Kind::Campaigns, &caller, &id, "campagne").await
}

/// `GET /groups/{id}/export`.
#[utoipa::path(
    get,
    path = "/groups/{id}/export",
    operation_id = "exportGroup",
    tag = "Exports",
    summary = "Exporter un groupe",
    description = "Les logements du groupe qui sont visibles.",
    params(schemas::IdPath),
    responses(
        (status = 200, description = "Le classeur.", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        by::Refused<(by::Seeing, by::Existing, by::Size,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn group(
    State(app): State<App>,
    caller: DataCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Response, ApiError> {
    collection(&app, Kind::Groups, &caller, &id, "groupe").await
}

/// The housing of a campaign or group that the caller sees, in the order loaded.
async fn collection(app: &App, kind: Kind, caller: &DataCaller, id: &str, name: &str) -> Result<Response, ApiError> {
    let id = parse_hyphenated_uuid(id).ok_or(Code::NotFound)?;
    let found = app.store.collection(kind, id).await?.ok_or(Code::NotFound)?;
    if caller.establishments(&Filter::default()).is_some_and(|own| !own.contains(&found.establishment_id)) {
        return Err(Code::NotFound.into());
    }
    let mut export = Export::new().map_err(failed)?;
    let mut seen = std::collections::HashSet::new();
    let mut ids = app.store.housing_ids(kind, id, MAX_ROWS).await?.ok_or_else(too_large)?;
    ids.retain(|id| seen.insert(*id));
    let read = async |ids: Vec<Uuid>| app.store.housing_of(&ids).await.map(|found| (ids, found));
    let batches: Vec<Vec<Uuid>> = ids.chunks(BATCH).map(<[Uuid]>::to_vec).collect();
    let mut batches = pin!(stream::iter(batches).map(read).buffered(AT_ONCE));
    while let Some((ids, found)) = batches.try_next().await? {
        for id in &ids {
            if let Some(housing) = found.iter().find(|housing| housing.id == *id && caller.sees(housing.geo_code)) {
                export.add(housing).map_err(failed)?;
            }
        }
    }
    finished(export, name)
}

fn finished(export: Export, name: &str) -> Result<Response, ApiError> {
    let file = export.finish().map_err(failed)?;
    if file.len() > MAX_BYTES {
        return Err(too_large());
    }
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.xlsx\""))
        .map_err(|error| ApiError::Failed(error.into()))?;
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, file).into_response())
}

fn too_large() -> ApiError {
    let detail = "Restreignez l'export par localities, status ou establishmentIds.";
    Problem::new(Code::ExportTooLarge).detail(detail).into()
}

fn failed(error: XlsxError) -> ApiError {
    ApiError::Failed(error.into())
}
