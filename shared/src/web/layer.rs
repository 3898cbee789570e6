//! What surrounds every request: an id, the version, one log line, and `instance` in every problem.

use crate::VERSION;
use crate::web::problem::Answered;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
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
        let outer = std::mem::take(response.headers_mut());
        response = problem.member("instance", id.as_str()).into_response();
        // What was added on the way out counts, once; the length was that of the body without `instance`.
        for (name, value) in outer.iter().filter(|(name, _)| *name != header::CONTENT_LENGTH) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", value);
    }
    headers.insert("x-passerelle-version", HeaderValue::from_static(VERSION));
    protect(headers);
    tracing::info!(parent: &span, status = response.status().as_u16(), "answered");
    response
}

/// What every answer asks of browsers and caches. Almost all of ours hold personal data or secrets: one that may be
/// kept says so itself.
fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

fn request_id(request: &Request) -> String {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_else(|| Uuid::new_v4().to_string())
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::web::problem::{Code, Problem};
    use crate::web::routing::with_common_layers;

    async fn call(path: &str) -> Response {
        let refuse = || async { Problem::new(Code::Unauthenticated).retry_after(3) };
        let routes = Router::new().route("/refused", get(refuse)).route("/well", get(|| async { "well" }));
        let request = Request::get(path).body(Body::empty()).unwrap();
        with_common_layers(routes, ()).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn no_answer_has_a_header_twice() {
        for path in ["/refused", "/well", "/unknown"] {
            let answer = call(path).await;
            for name in answer.headers().keys() {
                assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{path}: {name}");
            }
        }
        for path in ["/refused", "/well", "/unknown"] {
            let answer = call(path).await;
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(answer.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert!(answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), "{path}");
        }
        let refused = call("/refused").await;
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(refused.headers()[header::RETRY_AFTER], "3");
        assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}
