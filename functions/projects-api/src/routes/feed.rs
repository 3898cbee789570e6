//! Catching up: the feed of events, and the digest by which copies are compared.

use axum::Json;
use axum::extract::State;
use domain::communs::cursor::{self, EventCursor, ProjectCursor};
use domain::communs::digest;
use domain::communs::event::Event;
use domain::communs::project::Project;
use domain::instant;
use domain::query::Limit;
use passerelle::store::communs::events::FEED_LAG;
use passerelle::store::communs::lists::Filter;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::SyncCaller;
use crate::openapi::{parameters, refusals as by, schemas};

/// Items of a page when nothing is said.
const PAGE: usize = 100;

/// `GET /events`: the events of the other services, in order of commit.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "readEvents",
    tag = "Rattrapage",
    summary = "Lire les événements des autres services",
    description = "Dans l'ordre, sur 90 jours. Un service qui a perdu des webhooks repart de son dernier \
        `nextCursor`. Un événement apparaît au plus 10 secondes après le changement.",
    params(parameters::FeedPage),
    responses(
        (status = 200, description = "Une page d'événements.", body = schemas::event::EventPage),
        by::Refused<(by::Caller, by::Query)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn events(
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Query(wanted): Query<parameters::FeedPage>,
) -> Result<Json<Value>, ApiError> {
    let after = wanted.after.map(|EventCursor(id)| id);
    let end = app.clock.now() - FEED_LAG;
    let feed = app.store.feed(&caller.service, after.as_ref(), end, Limit::or(wanted.limit, PAGE)).await?;
    let item = |event: &Event| {
        json!({
            "id": event.id,
            "type": event.kind,
            "timestamp": instant::text(event.at),
            "data": event.data_for(&caller.service),
        })
    };
    let items: Vec<Value> = feed.events.iter().map(item).collect();
    Ok(Json(json!({"items": items, "nextCursor": cursor::after_event(&feed.next)})))
}

/// `GET /digest`: id, version and hash of every live project, in order of creation.
#[utoipa::path(
    get,
    path = "/digest",
    operation_id = "readDigest",
    tag = "Rattrapage",
    summary = "Lire l'état de tous les projets",
    description = "Version et empreinte de chaque projet non supprimé, dans l'ordre de création : de quoi trouver \
        les copies qui diffèrent.",
    params(parameters::DigestPage),
    responses(
        (status = 200, description = "Une page.", body = schemas::event::DigestPage),
        by::Refused<(by::Caller, by::Query)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn digest(
    State(app): State<App>,
    SyncCaller(_): SyncCaller,
    Query(wanted): Query<parameters::DigestPage>,
) -> Result<Json<Value>, ApiError> {
    let after = wanted.after.map(|ProjectCursor(id)| id);
    let page = app.store.list(None, &Filter::default(), after, Limit::or(wanted.limit, PAGE)).await?;
    let next = page.projects.last().filter(|_| page.more).map(|last| cursor::after_project(last.id));
    let item =
        |project: &Project| json!({"projectId": project.id, "version": project.version, "hash": digest::hash(project)});
    let items: Vec<Value> = page.projects.iter().map(item).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
