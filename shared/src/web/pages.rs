//! `/problems` and `/problems/<code>`: what each problem means, as pages for people.
//!
//! The `type` of every problem leads here, so these pages need no key.

use super::problem::{Code, Problem};
use axum::Router;
use axum::extract::Path;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use super::guide::{example, guide};

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{font:1rem/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}\
    h1{line-height:1.25}dt{font-weight:600;margin-top:1rem}dd{margin:0}\
    pre{padding:1rem;overflow-x:auto;border:1px solid color-mix(in srgb,currentColor 25%,transparent);\
    border-radius:.4rem}table{border-collapse:collapse;width:100%}\
    th,td{text-align:left;padding:.4rem .8rem .4rem 0;vertical-align:top}";

/// The pages of the problems.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/problems", get(index)).route("/problems/{code}", get(page))
}

async fn index() -> Response {
    let rows: String = Code::ALL
        .into_iter()
        .map(|code| {
            let (status, name, title) = code.facts();
            let title = escaped(title);
            format!(
                "<tr><td>{status}</td><td><a href=\"/problems/{name}\"><code>{name}</code></a></td>\
                 <td>{title}</td></tr>"
            )
        })
        .collect();
    let body = format!(
        "<h1>Problèmes de l'API Passerelle</h1>\
         <p>Toute réponse d'erreur est un document <code>application/problem+json</code> (RFC 9457) : son membre \
         <code>type</code> mène à l'une de ces pages, son membre <code>instance</code> est l'identifiant de la \
         requête, à donner si vous demandez de l'aide.</p>\
         <table><thead><tr><th>Statut</th><th>Code</th><th>Titre</th></tr></thead><tbody>{rows}</tbody></table>"
    );
    html("Problèmes", &body)
}

async fn page(Path(code): Path<String>) -> Response {
    let Some(code) = Code::ALL.into_iter().find(|known| known.facts().1 == code) else {
        return Problem::new(Code::NotFound).detail("Aucun problème ne porte ce code.").into_response();
    };
    let (status, name, title) = code.facts();
    let Some(guide) = guide(code) else { return Problem::new(Code::NotFound).into_response() };
    let body = format!(
        "<p><a href=\"/problems\">Tous les problèmes</a></p><h1>{}</h1>\
         <p>Code <code>{name}</code>, statut HTTP {status}.</p><p>{}</p>\
         <dl><dt>Quand cela arrive</dt><dd>{}</dd><dt>Que faire</dt><dd>{}</dd></dl>\
         <h2>Exemple</h2><pre>{}</pre>",
        escaped(title),
        escaped(guide.meaning),
        escaped(guide.when),
        escaped(guide.remedy),
        escaped(&format!("{:#}", example(code))),
    );
    html(name, &body)
}

fn html(title: &str, body: &str) -> Response {
    let page = Html(format!(
        "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} - Passerelle</title><style>{STYLE}</style></head><body>{body}</body></html>"
    ));
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    ([(header::CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
