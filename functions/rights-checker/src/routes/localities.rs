//! Localities.

use axum::Json;
use axum::extract::State;
use passerelle::store::droits::List;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::Value;

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, Window};
use crate::openapi::{queries, refusals as by, schemas};

/// `GET /localities`.
#[utoipa::path(
    get,
    path = "/localities",
    operation_id = "listLocalities",
    tag = "Données",
    summary = "Lister les communes",
    description = "Celles du périmètre.",
    params(queries::ListQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::LocalityPage),
        by::Refused<(by::Seeing, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: DataCaller,
    Query(query): Query<queries::ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let (Window { limit, after }, filter) = query.of(List::Localities)?;
    let communes = caller.communes(&app, &filter).await?;
    let page = app.store.localities(communes.as_deref(), after.as_ref(), limit).await?;
    Ok(lists::to_json(page))
}
