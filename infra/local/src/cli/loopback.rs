//! Who may call the local stack: programs of this machine.
//!
//! The ports listen on loopback only, but a browser calls them for any page whose name is made to resolve to loopback
//! (DNS rebinding): such a page could read every key. It cannot help naming itself in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};

/// `router`, for callers that name this machine as `localhost`, by a loopback address, or by one of `others`.
pub(super) fn guard(router: Router, others: &[String]) -> Router {
    let others: Arc<[String]> = others.into();
    router.layer(middleware::from_fn_with_state(others, refuse_foreign_host))
}

async fn refuse_foreign_host(State(others): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    if names_this_machine(request.headers(), request.uri().authority(), &others) {
        return next.run(request).await;
    }
    let refusal =
        "L'en-tête Host ne désigne pas cette machine : la pile locale ne répond qu'à localhost, 127.0.0.1 et [::1].\n";
    (StatusCode::MISDIRECTED_REQUEST, refusal).into_response()
}

fn names_this_machine(headers: &HeaderMap, target: Option<&Authority>, others: &[String]) -> bool {
    let hosts: Option<Vec<Authority>> =
        headers.get_all(header::HOST).iter().map(|host| host.to_str().ok()?.parse().ok()).collect();
    let Some(hosts) = hosts else { return false };
    let mut named = hosts.iter().chain(target).peekable();
    named.peek().is_some() && named.all(|authority| is_this_machine(authority, others))
}

fn is_this_machine(authority: &Authority, others: &[String]) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
        || others.iter().any(|other| other == host)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn check(hosts: &[&str], expected: StatusCode) {
        let router = guard(Router::new().route("/", get(|| async { "ok" })), &["172.17.0.1".to_owned()]);
        let mut request = Request::get("/");
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), expected, "{hosts:?}");
    }

    #[tokio::test]
    async fn only_this_machine_s_own_names_are_answered() {
        for host in ["localhost", "LocalHost:4310", "127.0.0.1:4311", "127.8.9.1", "[::1]:80", "[::ffff:127.0.0.1]"] {
            check(&[host], StatusCode::OK).await;
        }
        check(&["172.17.0.1:4311"], StatusCode::OK).await;
        for host in [
            "evil.example",
            "evil.example:4310",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.10",
            "0.0.0.0",
            "",
            "a b",
        ] {
            check(&[host], StatusCode::MISDIRECTED_REQUEST).await;
        }
        check(&[], StatusCode::MISDIRECTED_REQUEST).await;
        check(&["localhost", "evil.example"], StatusCode::MISDIRECTED_REQUEST).await;
    }
}
