//! Owners, through the housing that is seen.

use axum::Json;
use axum::extract::{Path, State};
use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::{List, Owner};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::Code;
use serde_json::Value;

use super::housing::occupied;
use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, Window};
use crate::openapi::{queries, refusals as by, schemas};
use domain::uuid_text::parse_hyphenated_uuid;

/// `GET /owners`.
#[utoipa::path(
    get,
    path = "/owners",
    operation_id = "listOwners",
    tag = "Données",
    summary = "Lister les propriétaires",
    description = "Ceux des logements visibles.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::OwnerPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let (Window { limit, after }, filter) = query.of(List::Owners)?;
    let communes: Vec<GeoCode> = occupied(&app, &caller, &filter).await?.into_iter().map(|(code, _)| code).collect();
    let page = app.store.owners_page(&communes, after.as_ref(), limit).await?;
    Ok(lists::to_json(page))
}

/// `GET /owners/{id}`.
#[utoipa::path(
    get,
    path = "/owners/{id}",
    operation_id = "readOwner",
    tag = "Données",
    summary = "Lire un propriétaire",
    description = "Introuvable si aucun de ses logements n'est visible.",
    params(schemas::IdPath),
    responses(
        (status = 200, description = "Le propriétaire.", body = schemas::Owner),
        by::Refused<(by::Seeing, by::Existing,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn read(
    State(app): State<App>,
    caller: DataCaller,
    Path(id): Path<String>,
    _: NoQuery,
) -> Result<Json<Owner>, ApiError> {
    let id = parse_hyphenated_uuid(&id).ok_or(Code::NotFound)?;
    let (owner, communes) = futures_util::try_join!(app.store.owner(id), app.store.communes_of_owner(id))?;
    let seen = communes.into_iter().any(|commune| caller.sees(commune));
    Ok(Json(owner.filter(|_| seen).ok_or(Code::NotFound)?))
}
