//! Localities.

use axum::Json;
use axum::extract::{RawQuery, State};
use passerelle::web::error::ApiError;
use serde_json::Value;

use crate::app::App;
use crate::caller::DataCaller;
use crate::lists::{self, PARAMETERS, Wanted};
use crate::openapi::{refusals as by, schemas};

/// `GET /localities`.
#[utoipa::path(
    get,
    path = "/localities",
    operation_id = "listLocalities",
    tag = "Données",
    summary = "Lister les communes",
    description = "Celles du périmètre.",
    params(schemas::Paging, schemas::Whose),
    responses(
        (status = 200, description = "Une page.", body = schemas::LocalityPage),
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
    let communes = caller.communes(&app, &wanted).await?;
    let page = app.store.localities(communes.as_deref(), wanted.after.as_ref(), wanted.limit).await?;
    Ok(lists::answer(page))
}
