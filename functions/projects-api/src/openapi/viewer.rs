//! The document and the page that shows it, without a key, and Swagger UI, embedded compressed, for the pages of all
//! three APIs.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use passerelle::web::openapi::viewer;
use passerelle::web::parameters::NoQuery;

use super::{COMMITTED, refusals as by};
use crate::app::App;

const SCRIPT: &[u8] = include_bytes!("viewer/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("viewer/swagger-ui.css.gz");
const START: &str = include_str!("viewer/start.js");

/// The page and what it loads.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/docs", get(async || viewer::page("API des communs")))
        .route("/docs/start-1.js", get(async || kept("text/javascript; charset=utf-8", START)))
        .route("/docs/swagger-ui-5.35.0.js", get(async || gzipped("text/javascript; charset=utf-8", SCRIPT)))
        .route("/docs/swagger-ui-5.35.0.css", get(async || gzipped("text/css; charset=utf-8", STYLE)))
}

/// Le document OpenAPI de l'API
///
/// Celui que vous lisez. Aucune clé n'est demandée.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "readOpenApi",
    tag = "Documentation",
    responses((status = 200, description = "Le document, en OpenAPI 3.1.", body = Object), by::Refused<by::Query>),
    security(()),
)]
pub(crate) async fn openapi(_: NoQuery) -> Response {
    viewer::document(COMMITTED)
}

fn kept(media_type: &'static str, content: impl IntoResponse) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Every browser reads gzip; it is what keeps the function small.
fn gzipped(media_type: &'static str, content: &'static [u8]) -> Response {
    let mut response = kept(media_type, content);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}
