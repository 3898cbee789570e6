//! Events, through their housing or their campaign.

use axum::Json;
use axum::extract::{RawQuery, State};
use domain::droits::perimeter::GeoCode;
use passerelle::web::error::ApiError;
use serde_json::Value;

use super::housing::occupied;
use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, PARAMETERS, Wanted};
use crate::openapi::{refusals as by, schemas};

/// `GET /events`.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "listEvents",
    tag = "Données",
    summary = "Lister les événements",
    description = "Ceux des logements visibles et des campagnes de l'établissement.",
    params(schemas::Paging, schemas::Whose),
    responses(
        (status = 200, description = "Une page.", body = schemas::EventPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let wanted = Wanted::read(query.as_deref(), &PARAMETERS)?;
    let after = wanted.after.as_ref();
    let page = match caller.establishments(wanted.establishments.as_deref()) {
        None => app.store.events(None, after, wanted.limit).await?,
        Some(establishments) => {
            let occupied = occupied(&app, &caller, &wanted).await?;
            let communes: Vec<GeoCode> = occupied.into_iter().map(|(code, _)| code).collect();
            app.store.events(Some((&communes, &establishments)), after, wanted.limit).await?
        }
    };
    Ok(lists::answer(page))
}
