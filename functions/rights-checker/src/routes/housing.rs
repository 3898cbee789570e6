//! Housing.

use axum::Json;
use axum::extract::{Path, State};
use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::Housing;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, Filter, Window};
use crate::openapi::{queries, refusals as by, schemas};
use domain::uuid_text::parse_hyphenated_uuid;

/// `GET /housing`.
#[utoipa::path(
    get,
    path = "/housing",
    operation_id = "listHousing",
    tag = "Données",
    summary = "Lister les logements",
    description = "Un filtre restreint, il n'élargit jamais.",
    params(queries::HousingQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::HousingPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::HousingQuery>,
) -> Result<Json<Value>, ApiError> {
    let (Window { limit, after }, filter) = query.of_housing()?;
    let communes: Vec<GeoCode> = occupied(&app, &caller, &filter).await?.into_iter().map(|(code, _)| code).collect();
    let page = app.store.housing_page(&communes, filter.statuses.as_deref(), after.as_ref(), limit).await?;
    Ok(lists::to_json(page))
}

/// `GET /housing/count`.
#[utoipa::path(
    get,
    path = "/housing/count",
    operation_id = "countHousing",
    tag = "Données",
    summary = "Compter les logements",
    description = "Les filtres sont ceux de la liste.",
    params(queries::HousingQuery),
    responses(
        (status = 200, description = "Le nombre.", body = schemas::Count),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn count(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::HousingQuery>,
) -> Result<Json<Value>, ApiError> {
    let (_, filter) = query.of_housing()?;
    let count: u64 = occupied(&app, &caller, &filter).await?.iter().map(|(_, count)| count).sum();
    Ok(Json(json!({"count": count})))
}

/// `GET /housing/{id}`.
#[utoipa::path(
    get,
    path = "/housing/{id}",
    operation_id = "readHousing",
    tag = "Données",
    summary = "Lire un logement",
    description = "Introuvable s'il n'est pas visible.",
    params(schemas::IdPath),
    responses(
        (status = 200, description = "Le logement.", body = schemas::Housing),
        by::Refused<(by::Seeing, by::Existing,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn read(
    State(app): State<App>,
    caller: DataCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Json<Housing>, ApiError> {
    let id = parse_hyphenated_uuid(&id).ok_or(Code::NotFound)?;
    let housing = app.store.housing(id).await?.filter(|housing| caller.sees(housing.geo_code));
    Ok(Json(housing.ok_or(Code::NotFound)?))
}

/// The communes looked at that have housing wanted, and how much.
pub(super) async fn occupied(app: &App, caller: &DataCaller, filter: &Filter) -> Result<Vec<(GeoCode, u64)>, ApiError> {
    let communes = caller.communes(app, filter).await?;
    Ok(app.store.occupied(communes.as_deref(), filter.statuses.as_deref()).await?)
}
