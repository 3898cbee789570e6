//! Catching up: the feed of events, and the digest by which copies are compared.

use axum::Json;
use axum::extract::State;
use domain::communs::cursor::{self, FeedStart, ProjectCursor};
use domain::communs::digest;
use domain::communs::event::{Event, EventId};
use domain::communs::project::Project;
use domain::instant;
use domain::query::{Limit, Moment};
use passerelle::store::communs::events::FEED_LAG;
use passerelle::store::communs::lists::Filter;
use passerelle::web::error::ApiError;
use passerelle::web::page_size::count_fitting;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::{SyncCaller, WithQuery};
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
    WithQuery(SyncCaller(caller), wanted): WithQuery<SyncCaller, parameters::FeedPage>,
) -> Result<Json<Value>, ApiError> {
    let limit = Limit::or(wanted.limit, PAGE);
    let end = app.clock.now() - FEED_LAG;
    let after = match (wanted.since, wanted.after, wanted.cursor) {
        (None, None, None) => None,
        (Some(Moment(since)), None, None) => Some(EventId::first_at(since)),
        (None, Some(start), None) | (None, None, Some(start)) => Some(match start {
            FeedStart::Latest => EventId::first_at(end),
            FeedStart::After(id) => id,
        }),
        _ => {
            let detail = "« since », « after » et « cursor » s'excluent : donnez-en un seul.";
            return Err(Problem::new(Code::InvalidQuery).detail(detail).into());
        }
    };
    let feed = app.store.feed(&caller.service, after.as_ref(), end, limit).await?;
    let show = |event: &Event| {
        json!({
            "id": event.id,
            "type": event.kind,
            "timestamp": instant::text(event.at),
            "data": event.data_for(&caller.service),
        })
    };
    let mut items: Vec<Value> = feed.events.iter().map(show).collect();
    items.truncate(count_fitting(&items));
    let next = match feed.events.get(items.len()) {
        // The page ends early: the next one begins after the last one that fits.
        Some(_) => items.len().checked_sub(1).map_or(&feed.next, |last| &feed.events[last].id),
        None => &feed.next,
    };
    Ok(Json(json!({"items": items, "nextCursor": cursor::after_event(next)})))
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
    WithQuery(SyncCaller(_), wanted): WithQuery<SyncCaller, parameters::DigestPage>,
) -> Result<Json<Value>, ApiError> {
    let after = match (wanted.after, wanted.cursor) {
        (Some(_), Some(_)) => {
            let detail = "« after » et « cursor » s'excluent : donnez-en un seul.";
            return Err(Problem::new(Code::InvalidQuery).detail(detail).into());
        }
        (after, cursor) => after.or(cursor).map(|ProjectCursor(id)| id),
    };
    let page = app.store.list(None, &Filter::default(), after, Limit::or(wanted.limit, PAGE)).await?;
    let next = page.projects.last().filter(|_| page.more).map(|last| cursor::after_project(last.id));
    let item =
        |project: &Project| json!({"projectId": project.id, "version": project.version, "hash": digest::hash(project)});
    let items: Vec<Value> = page.projects.iter().map(item).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
