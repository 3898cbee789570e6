//! The document and the page that shows it, without a key. The viewer is Swagger UI, embedded compressed: nothing is
//! loaded from elsewhere, and the page's own policy forbids it.

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use super::COMMITTED;
use crate::app::App;

const SCRIPT: &[u8] = include_bytes!("viewer/swagger-ui-bundle.js.gz");
const STYLE: &[u8] = include_bytes!("viewer/swagger-ui.css.gz");
const START: &str = include_str!("viewer/start.js");
const PAGE: &str = include_str!("viewer/page.html");

/// Swagger UI sets styles from its script and shows icons as data.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);

/// The page and what it loads. The names of the files carry the version, which lets browsers keep them for good.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/docs", get(page))
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
    responses((status = 200, description = "Le document, en OpenAPI 3.1.", body = Object)),
    security(()),
)]
pub(crate) async fn openapi() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, COMMITTED).into_response()
}

async fn page() -> Response {
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE)).into_response()
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
