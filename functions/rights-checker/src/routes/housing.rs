//! Housing.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::Housing;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, HOUSING_PARAMETERS, Wanted};
use crate::openapi::{refusals as by, schemas};
use passerelle::web::values::uuid;

/// `GET /housing`.
#[utoipa::path(
    get,
    path = "/housing",
    operation_id = "listHousing",
    tag = "Données",
    summary = "Lister les logements",
    description = "Un filtre restreint, il n'élargit jamais.",
    params(schemas::Paging, schemas::Whose, schemas::Which),
    responses(
        (status = 200, description = "Une page.", body = schemas::HousingPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let wanted = Wanted::read(query.as_deref(), &HOUSING_PARAMETERS)?;
    let communes: Vec<GeoCode> = occupied(&app, &caller, &wanted).await?.into_iter().map(|(code, _)| code).collect();
    let page =
        app.store.housing_page(&communes, wanted.statuses.as_deref(), wanted.after.as_ref(), wanted.limit).await?;
    Ok(lists::answer(page))
}

/// `GET /housing/count`.
#[utoipa::path(
    get,
    path = "/housing/count",
    operation_id = "countHousing",
    tag = "Données",
    summary = "Compter les logements",
    description = "Les filtres sont ceux de la liste.",
    params(schemas::Paging, schemas::Whose, schemas::Which),
    responses(
        (status = 200, description = "Le nombre.", body = schemas::Count),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn count(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let wanted = Wanted::read(query.as_deref(), &HOUSING_PARAMETERS)?;
    let count: u64 = occupied(&app, &caller, &wanted).await?.iter().map(|(_, count)| count).sum();
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
    params(schemas::Id),
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
) -> Result<Json<Housing>, ApiError> {
    let id = uuid(&id).ok_or(Code::NotFound)?;
    let housing = app.store.housing(id).await?.filter(|housing| caller.sees(housing.geo_code));
    Ok(Json(housing.ok_or(Code::NotFound)?))
}

/// The communes looked at that have housing wanted, and how much.
pub(super) async fn occupied(app: &App, caller: &DataCaller, wanted: &Wanted) -> Result<Vec<(GeoCode, u64)>, ApiError> {
    let communes = caller.communes(app, wanted).await?;
    Ok(app.store.occupied(communes.as_deref(), wanted.statuses.as_deref()).await?)
}
