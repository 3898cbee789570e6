//! What surrounds every request: an id, the version, one log line, and `instance` in every problem.

use crate::VERSION;
use crate::web::problem::Answered;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use lambda_http::request::RequestContext;
use tracing::Instrument as _;
use uuid::Uuid;

/// Gives the request its id (API Gateway's own where there is one), answered as `x-request-id` and, in a problem, as
/// `instance`.
pub async fn identify(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request_id = %id, method = %request.method(), route);
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(Answered(problem)) = response.extensions_mut().remove::<Answered>() {
        let headers = response.headers().clone();
        response = problem.member("instance", id.as_str()).into_response();
        response.headers_mut().extend(headers.into_iter().filter_map(|(name, value)| Some((name?, value))));
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response.headers_mut().insert("x-passerelle-version", HeaderValue::from_static(VERSION));
    tracing::info!(parent: &span, status = response.status().as_u16(), "answered");
    response
}

fn request_id(request: &Request) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_else(|| Uuid::new_v4().to_string())
}
