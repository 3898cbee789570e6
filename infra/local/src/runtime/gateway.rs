//! The HTTP API: sends each request to the function whose route matches best, as API Gateway does.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use sam_template::Route;
use tower::ServiceExt as _;

/// The routes of every function.
///
/// Matching is done here and not by an axum router: path parameters of an outer router would be handed to the
/// function's own extractors.
#[derive(Clone, Default)]
pub struct Gateway {
    routes: Arc<[Mounted]>,
}

#[derive(Clone)]
struct Mounted {
    /// `None` for `ANY`.
    method: Option<Method>,
    path: Vec<Segment>,
    function: Router,
}

/// Ordered by precedence: the more precise segment wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter,
    /// `{proxy+}`: one or more segments, last in its path.
    Rest,
}

/// A route that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("route « {method} {path} » non comprise")]
pub struct GatewayError {
    method: String,
    path: String,
}

impl Gateway {
    /// Builds the gateway from the routes of each function.
    ///
    /// # Errors
    /// When a route's method or path is malformed.
    pub fn new<'a>(routes: impl IntoIterator<Item = (&'a Route, Router)>) -> Result<Self, GatewayError> {
        let mut mounted = routes
            .into_iter()
            .map(|(route, function)| {
                let refused = || GatewayError { method: route.method.clone(), path: route.path.clone() };
                let method = match route.method.as_str() {
                    "ANY" => None,
                    method => Some(method.parse().map_err(|_| refused())?),
                };
                let path = segments(&route.path).ok_or_else(refused)?;
                Ok(Mounted { method, path, function })
            })
            .collect::<Result<Vec<_>, _>>()?;
        mounted.sort_by(|a, b| {
            let rank = |route: &Mounted| (route.path.clone(), route.method.is_none());
            rank(a).cmp(&rank(b))
        });
        Ok(Self { routes: mounted.into() })
    }

    /// The gateway as a router that can be served or called directly.
    pub fn router(self) -> Router {
        Router::new().fallback(move |request: Request<Body>| {
            let gateway = self.clone();
            async move { gateway.serve(request).await }
        })
    }

    async fn serve(&self, mut request: Request<Body>) -> Response<Body> {
        tell_source(&mut request);
        let function = self
            .routes
            .iter()
            .find(|route| route.matches(request.method(), request.uri().path()))
            .map(|route| route.function.clone());
        match function {
            Some(function) => match function.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            None => not_found(),
        }
    }
}

/// Says where the request comes from, as API Gateway does. One that is made in this process comes from nowhere.
fn tell_source(request: &mut Request<Body>) {
    let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else { return };
    let mut context = ApiGatewayV2httpRequestContext::default();
    context.http.source_ip = Some(peer.ip().to_canonical().to_string());
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
}

impl Mounted {
    fn matches(&self, method: &Method, path: &str) -> bool {
        if self.method.as_ref().is_some_and(|expected| expected != method) {
            return false;
        }
        let mut given = path.trim_start_matches('/').split('/');
        for expected in &self.path {
            let Some(segment) = given.next() else { return false };
            match expected {
                Segment::Literal(literal) if literal != segment => return false,
                Segment::Literal(_) => {}
                Segment::Parameter if segment.is_empty() => return false,
                Segment::Parameter => {}
                Segment::Rest => return !segment.is_empty(),
            }
        }
        given.next().is_none()
    }
}

fn segments(path: &str) -> Option<Vec<Segment>> {
    let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .map(|(place, part)| {
            let Some(name) = part.strip_prefix('{') else {
                return Some(Segment::Literal((*part).to_owned()));
            };
            match name.strip_suffix('}')?.strip_suffix('+') {
                Some(_) if place == last => Some(Segment::Rest),
                Some(_) => None,
                None => Some(Segment::Parameter),
            }
        })
        .collect()
}

/// API Gateway's own answer where no route matches.
fn not_found() -> Response<Body> {
    let mut response = Response::new(Body::from(r#"{"message":"Not Found"}"#));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[cfg(test)]
mod tests {
    use axum::extract::Path;
    use axum::routing::any;

    use super::*;

    async fn check(gateway: &Gateway, method: &str, path: &str, expected: &str) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = gateway.clone().router().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&body), expected, "{method} {path}");
    }

    fn route(method: &str, path: &str) -> Route {
        Route { method: method.to_owned(), path: path.to_owned() }
    }

    fn named(name: &'static str) -> Router {
        Router::new().fallback(move || async move { name })
    }

    #[tokio::test]
    async fn the_most_precise_route_wins() {
        let routes =
            [route("ANY", "/a/{proxy+}"), route("GET", "/a/b"), route("ANY", "/a/{id}"), route("ANY", "/a/{id}/c")];
        let functions = ["rest", "exact", "parameter", "deeper"].map(named);
        let gateway = Gateway::new(routes.iter().zip(functions)).unwrap();
        check(&gateway, "GET", "/a/b", "exact").await;
        check(&gateway, "POST", "/a/b", "parameter").await;
        check(&gateway, "GET", "/a/x/c", "deeper").await;
        check(&gateway, "GET", "/a/x/d?e=f", "rest").await;
        for path in ["/", "/a", "/a/", "/b/c"] {
            check(&gateway, "GET", path, r#"{"message":"Not Found"}"#).await;
        }
    }

    #[tokio::test]
    async fn a_function_s_own_path_parameters_are_its_own() {
        let function = Router::new().route(
            "/a/{id}/{part}",
            any(|Path((id, part)): Path<(String, String)>| async move { format!("{id} {part}") }),
        );
        let any_a = route("ANY", "/a/{proxy+}");
        let gateway = Gateway::new([(&any_a, function)]).unwrap();
        check(&gateway, "GET", "/a/1/2", "1 2").await;
    }

    #[tokio::test]
    async fn a_function_learns_where_a_request_comes_from() {
        let function = Router::new().fallback(|request: Request<Body>| async move {
            match request.extensions().get::<RequestContext>() {
                Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone().unwrap_or_default(),
                _ => "nowhere".to_owned(),
            }
        });
        let any = route("ANY", "/a");
        let gateway = Gateway::new([(&any, function)]).unwrap();
        check(&gateway, "GET", "/a", "nowhere").await;
        let peer: SocketAddr = "[::ffff:127.0.0.1]:5000".parse().unwrap();
        let mut request = Request::get("/a").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = gateway.router().oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        assert_eq!(body, "127.0.0.1");
    }

    #[test]
    fn malformed_routes_are_refused() {
        for (method, path) in [("ANY", "a"), ("G T", "/a"), ("ANY", "/{proxy+}/a"), ("ANY", "/{a")] {
            assert!(Gateway::new([(&route(method, path), Router::new())]).is_err(), "{method} {path}");
        }
    }
}
