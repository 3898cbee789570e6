//! What surrounds every request: an id, the version, one log line, and `instance` in every problem.

use std::fmt::Display;

use crate::VERSION;
use crate::web::problem::Answered;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::api_key::{KeyHash, Scope, Service};
use http::{HeaderMap, HeaderValue, header};
use lambda_http::request::RequestContext;
use tracing::Instrument as _;
use tracing::field::Empty;
use uuid::Uuid;

/// Hexadecimal digits of a key's hash that are logged.
const KEY_DIGITS: usize = 8;

/// Gives the request its id (API Gateway's own where there is one), answered as `x-request-id` and, in a problem, as
/// `instance`.
pub async fn identify(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        request_id = %id,
        version = VERSION,
        method = %request.method(),
        route,
        object = last_id(request.uri().path()),
        service = Empty,
        scope = Empty,
        key = Empty,
    );
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

/// Says in the log lines of the request who calls: the service, what its key opens, and enough of the key's hash to
/// tell it from another.
pub fn log_caller(service: &Service, scope: Scope, hash: &KeyHash) {
    tracing::Span::current().record("service", service.as_str()).record("scope", scope.as_str());
    log_key(hash.as_str());
}

/// Says in the log lines of the request which key is presented, by as many digits of its hash as [`log_caller`].
pub fn log_key(hash: &str) {
    tracing::Span::current().record("key", hash.get(..KEY_DIGITS));
}

/// Says in the log lines of the request what it made.
pub fn log_made(id: impl Display) {
    tracing::Span::current().record("object", tracing::field::display(id));
}

/// The last id of a path: what a request is about. Nothing else of a path is logged.
fn last_id(path: &str) -> Option<&str> {
    path.rsplit('/').find(|segment| Uuid::parse_str(segment).is_ok())
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
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::web::problem::{Code, Problem};
    use crate::web::routing::with_common_layers;

    async fn call(path: &str) -> Response {
        let refuse = || async { Problem::new(Code::Unauthenticated).retry_after(3) };
        let routes = Router::new().route("/refused", get(refuse)).route("/well", get(|| async { "well" }));
        let request = Request::get(path).body(Body::empty()).unwrap();
        with_common_layers(routes, ()).oneshot(request).await.unwrap()
    }

    /// What was logged.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_line_of_a_request_says_who_did_what_to_what_and_shows_no_key() {
        const PATH: &str = "/projects/0190d5a7-7c00-7000-8000-000000000001/permissions";
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
        let hash = KeyHash::of("mec_secret");
        let digits = hash.as_str()[..8].to_owned();
        let handler = move || async move { log_caller(&Service::parse("mec").unwrap(), Scope::Sync, &hash) };
        let routes = Router::new().route("/projects/{id}/permissions", get(handler));
        let request = Request::get(PATH).body(Body::empty()).unwrap();
        with_common_layers(routes, ()).oneshot(request).await.unwrap();
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .find(|line: &serde_json::Value| line["message"] == "answered")
            .unwrap();
        let span = &line["span"];
        assert_eq!(span["service"], "mec");
        assert_eq!(span["scope"], "sync");
        assert_eq!(span["key"], digits.as_str());
        assert_eq!(span["object"], "0190d5a7-7c00-7000-8000-000000000001");
        assert_eq!(span["route"], "/projects/{id}/permissions");
        assert_eq!(span["version"], VERSION);
        assert!(!text.contains("mec_secret"));
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
