//! The document of an API and the page that shows it, without a key. The viewer is Swagger UI, which `projects-api`
//! serves for all three APIs: nothing is loaded from elsewhere, and the page's own policy forbids it.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};

/// Swagger UI sets styles from its script and shows icons as data.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);

/// The answer of `GET .../openapi.json`.
#[must_use]
pub fn document(committed: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, committed).into_response()
}

/// The answer of `GET .../docs`: a page that shows the `openapi.json` beside it. The names of the files it loads carry
/// their version, which lets browsers keep them for good.
#[must_use]
pub fn page(title: &str) -> Response {
    let page = format!(
        r#"<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Passerelle : {title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/communs/v1/docs/swagger-ui-5.35.0.css">
</head>
<body>
<noscript><p>Cette page demande JavaScript. Le document est aussi lisible tel quel :
<a href="openapi.json">openapi.json</a>.</p></noscript>
<main id="viewer"></main>
<script src="/communs/v1/docs/swagger-ui-5.35.0.js"></script>
<script src="/communs/v1/docs/start-1.js"></script>
</body>
</html>
"#
    );
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}
