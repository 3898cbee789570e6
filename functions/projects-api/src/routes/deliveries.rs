//! What became of each event for a webhook: the list, and one delivery with its attempts.

use axum::Json;
use axum::extract::{Path, State};
use domain::communs::cursor::{self, EventCursor};
use domain::communs::event::EventId;
use domain::instant;
use domain::query::{Limit, Moment};
use domain::webhooks::delivery::{Delivery, DeliveryStatus};
use domain::webhooks::subscription::{Webhook, WebhookStatus};
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::caller::{SyncCaller, WithQuery};
use crate::openapi::parameters::DeliveryQuery;
use crate::openapi::{parameters, refusals as by, schemas};
use crate::webhooks::Webhooks;
use passerelle::web::error::ApiError;
use passerelle::web::page_size::count_fitting;

/// Deliveries of a page when nothing is said.
const PAGE: usize = 100;
/// How many deliveries are read at a time.
const READ_AT_A_TIME: i32 = 100;

/// `GET /webhooks/{id}/deliveries`: newest event first.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    operation_id = "listDeliveries",
    tag = "Livraisons",
    summary = "Lister les livraisons d'un webhook",
    description = "L'événement le plus récent d'abord, sur 90 jours.",
    params(parameters::WebhookPath, parameters::DeliveryQuery),
    responses(
        (status = 200, description = "Une page de livraisons.", body = schemas::delivery::DeliveryPage),
        by::Refused<(by::Caller, by::Existing, by::Query)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn list(
    State(webhooks): State<Webhooks>,
    WithQuery(SyncCaller(caller), query): WithQuery<SyncCaller, DeliveryQuery>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    let DeliveryQuery { status, before, cursor, limit } = query;
    let limit = Limit::or(limit, PAGE);
    let before = before.map(|Moment(instant)| EventId::first_at(instant));
    let mut end = before.into_iter().chain(cursor.map(|EventCursor(event)| event)).min();
    let mut found: Vec<Delivery> = Vec::new();
    // One more than the page tells whether there is a next one.
    while found.len() <= limit {
        let page = webhooks.store.deliveries(webhook.id, end.as_ref(), READ_AT_A_TIME).await?;
        let Some(last) = page.last() else { break };
        end = Some(last.event_id.clone());
        found.extend(page.into_iter().filter(|d| status.is_none_or(|wanted| shown_status(d, &webhook) == wanted)));
    }
    let items: Vec<Value> = found.iter().take(limit).map(|delivery| to_json(delivery, &webhook)).collect();
    let fitting = count_fitting(&items);
    let more = found.len() > fitting;
    found.truncate(fitting);
    let next = found.last().filter(|_| more).map(|last| cursor::after_event(&last.event_id));
    let items = &items[..fitting];
    Ok(Json(json!({"items": items, "nextCursor": next})))
}

/// `GET /webhooks/{id}/deliveries/{eventId}`.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries/{eventId}",
    operation_id = "readDelivery",
    tag = "Livraisons",
    summary = "Lire une livraison",
    description = "Avec ses dernières tentatives et le début de chaque réponse.",
    params(parameters::WebhookPath, parameters::EventPath),
    responses(
        (status = 200, description = "La livraison.", body = schemas::delivery::DeliveryDetail),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn read(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path((id, event)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    let event = EventId::parse(&event).ok_or(Code::NotFound)?;
    let delivery = webhooks.store.delivery(webhook.id, &event).await?.ok_or(Code::NotFound)?;
    let mut body = to_json(&delivery, &webhook);
    body["attempts"] = json!(delivery.attempts);
    Ok(Json(body))
}

/// What is pending for a disabled webhook is held, whether the sweeper has written that yet or not.
fn shown_status(delivery: &Delivery, webhook: &Webhook) -> DeliveryStatus {
    match delivery.status {
        DeliveryStatus::Pending if webhook.status() == WebhookStatus::Disabled => DeliveryStatus::Held,
        status => status,
    }
}

fn to_json(delivery: &Delivery, webhook: &Webhook) -> Value {
    let status = shown_status(delivery, webhook);
    let last = delivery.attempts.last();
    let next = delivery.next_attempt_at.filter(|_| status == DeliveryStatus::Pending);
    json!({
        "eventId": delivery.event_id,
        "type": delivery.kind,
        "projectId": delivery.project_id,
        "status": status,
        "attemptCount": delivery.attempt_count,
        "lastStatusCode": last.and_then(|attempt| attempt.status_code),
        "lastErrorClass": last.and_then(|attempt| attempt.error_class),
        "latencyMs": last.map(|attempt| attempt.latency_ms),
        "nextAttemptAt": next.map(instant::text),
    })
}
