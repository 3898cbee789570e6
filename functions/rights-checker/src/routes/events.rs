//! Events, through their housing or their campaign.

use axum::Json;
use axum::extract::State;
use domain::droits::perimeter::GeoCode;
use passerelle::store::droits::List;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::Value;

use super::housing::occupied;
use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, Window};
use crate::openapi::{queries, refusals as by, schemas};

/// `GET /events`.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "listEvents",
    tag = "Données",
    summary = "Lister les événements",
    description = "Ceux des logements visibles et des campagnes de l'établissement.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::EventPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let (Window { limit, after }, filter) = query.of(List::Events)?;
    let after = after.as_ref();
    let page = match caller.establishments(&filter) {
        None => app.store.events(None, after, limit).await?,
        Some(establishments) => {
            let occupied = occupied(&app, &caller, &filter).await?;
            let communes: Vec<GeoCode> = occupied.into_iter().map(|(code, _)| code).collect();
            app.store.events(Some((&communes, &establishments)), after, limit).await?
        }
    };
    Ok(lists::to_json(page))
}
