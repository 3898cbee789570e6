//! Catching up: the feed of events, and the digest by which copies are compared.

use axum::Json;
use axum::extract::{RawQuery, State};
use domain::communs::{cursor, digest};
use domain::instant;
use passerelle::store::communs::events::FEED_LAG;
use passerelle::store::communs::lists::Filter;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::SyncCaller;
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::error::ApiError;
use passerelle::web::query::Query;

/// `GET /events`: the events of the other services, in order of commit.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "readEvents",
    tag = "Rattrapage",
    summary = "Lire les événements des autres services",
    description = "Dans l'ordre, sur 90 jours. Un service qui a perdu des webhooks repart de son dernier \
        `nextCursor`. Un événement apparaît au plus 10 secondes après le changement.",
    params(parameters::After, parameters::Limit),
    responses(
        (status = 200, description = "Une page d'événements.", body = schemas::event::EventPage),
        by::Refused<(by::Caller, by::Query)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn events(
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::read(query.as_deref(), &["after", "limit"])?;
    let after = query.get("after", cursor::event)?;
    let end = app.clock.now() - FEED_LAG;
    let feed = app.store.feed(&caller.service, after.as_ref(), end, query.limit()?).await?;
    let item = |event: &domain::communs::event::Event| {
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
    params(parameters::After, parameters::Limit),
    responses(
        (status = 200, description = "Une page.", body = schemas::event::DigestPage),
        by::Refused<(by::Caller, by::Query)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn digest(
    State(app): State<App>,
    SyncCaller(_caller): SyncCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::read(query.as_deref(), &["after", "limit"])?;
    let after = query.get("after", cursor::project)?;
    let page = app.store.list(None, &Filter::default(), after, query.limit()?).await?;
    let next = page.projects.last().filter(|_| page.more).map(|last| cursor::after_project(last.id));
    let item = |project: &domain::communs::project::Project| json!({"projectId": project.id, "version": project.version, "hash": digest::hash(project)});
    let items: Vec<Value> = page.projects.iter().map(item).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
