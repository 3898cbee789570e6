//! The routes of the API, in one table.

mod bulk;
mod deliveries;
mod feed;
mod links;
mod lists;
mod people;
mod permissions;
mod problems;
mod projects;
mod redelivery;
mod statuts;
mod webhooks;

use axum::Router;
use axum::routing::{get, post, put};
use passerelle::web::problem::{Code, Problem};

use crate::app::App;
use crate::layer;

/// The whole API under its prefix, and the pages of the problems.
pub fn router(app: App) -> Router {
    let communs = Router::new()
        .route("/projects", get(lists::list).post(projects::create))
        .route("/projects/bulk", post(bulk::create))
        .route("/projects/by-external-id/{service}/{external_id}", get(projects::by_external_id))
        .route("/projects/{id}", get(projects::read).patch(projects::patch).delete(projects::delete))
        .route("/projects/{id}/history", get(projects::history))
        .route("/projects/{id}/links/{service}", put(links::put).delete(links::delete))
        .route("/projects/{id}/permissions", put(permissions::put).delete(permissions::delete))
        .route("/projects/{id}/permissions/check", post(permissions::check))
        .route("/permissions/check", post(permissions::check_many))
        .route("/people/erase", post(people::erase))
        .route("/statuts", get(statuts::read))
        .route("/events", get(feed::events))
        .route("/digest", get(feed::digest))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/webhooks/{id}", get(webhooks::read).patch(webhooks::patch).delete(webhooks::delete))
        .route("/webhooks/{id}/rotate-secret", post(webhooks::rotate_secret))
        .route("/webhooks/{id}/test", post(webhooks::test))
        .route("/webhooks/{id}/enable", post(webhooks::enable))
        .route("/webhooks/{id}/deliveries", get(deliveries::list))
        .route("/webhooks/{id}/deliveries/{event_id}", get(deliveries::read))
        .route("/webhooks/{id}/deliveries/{event_id}/resend", post(redelivery::resend))
        .route("/webhooks/{id}/recover", post(redelivery::recover))
        .route("/webhooks/{id}/replay", post(redelivery::replay));
    Router::new()
        .nest("/communs/v1", communs)
        .merge(problems::routes())
        .fallback(|| async { Problem::new(Code::NotFound).detail("Cette route n'existe pas.") })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(axum::middleware::from_fn(layer::identify))
        .with_state(app)
}
