//! Sending again: one delivery, all that was missed, or everything since a date.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use domain::webhooks::subscription::Webhook;
use http::StatusCode;
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use serde_json::{Value, json};

use crate::caller::SyncCaller;
use crate::openapi::schemas::delivery::Since;
use crate::openapi::{parameters, refusals as by, schemas};
use crate::redelivery::{Redelivery, refuse_disabled};
use crate::webhooks::Webhooks;

/// `POST /webhooks/{id}/deliveries/{eventId}/resend`.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/deliveries/{eventId}/resend",
    operation_id = "resendDelivery",
    tag = "Livraisons",
    summary = "Renvoyer un événement",
    description = "Avec le même `webhook-id`, quel que soit l'état de la livraison et du disjoncteur.",
    params(parameters::WebhookPath, parameters::EventPath),
    responses(
        (status = 202, description = "L'envoi est prévu.", body = schemas::delivery::Scheduled),
        by::Refused<(by::Caller, by::Existing, by::Active)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn resend(
    State(webhooks): State<Webhooks>,
    State(redelivery): State<Redelivery>,
    SyncCaller(caller): SyncCaller,
    Path((id, event)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    Ok(scheduled(redelivery.resend(&webhook, &event).await?))
}

/// `POST /webhooks/{id}/recover`: all that is held or failed since a date.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/recover",
    operation_id = "recoverDeliveries",
    tag = "Livraisons",
    summary = "Envoyer ce qui a été manqué",
    description = "Toutes les livraisons échouées ou gardées depuis un instant.",
    params(parameters::WebhookPath),
    request_body = schemas::delivery::Since,
    responses(
        (status = 202, description = "Les envois sont prévus.", body = schemas::delivery::Scheduled),
        by::Refused<(by::Caller, by::Existing, by::Active, by::Body)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn recover(
    State(webhooks): State<Webhooks>,
    State(redelivery): State<Redelivery>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    Ok(scheduled(redelivery.recover(&webhook, since(&body, &webhook)?).await?))
}

/// `POST /webhooks/{id}/replay`: every matching event of the other services since a date.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/replay",
    operation_id = "replayEvents",
    tag = "Livraisons",
    summary = "Tout renvoyer depuis un instant",
    description = "Tous les événements voulus des autres services, sur 90 jours, même d'avant la création du webhook.",
    params(parameters::WebhookPath),
    request_body = schemas::delivery::Since,
    responses(
        (status = 202, description = "Les envois sont prévus.", body = schemas::delivery::Scheduled),
        by::Refused<(by::Caller, by::Existing, by::Active, by::Body)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn replay(
    State(webhooks): State<Webhooks>,
    State(redelivery): State<Redelivery>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    Ok(scheduled(redelivery.replay(&webhook, since(&body, &webhook)?).await?))
}

/// How many deliveries were made due.
fn scheduled(count: usize) -> (StatusCode, Json<Value>) {
    (StatusCode::ACCEPTED, Json(json!({"scheduled": count})))
}

/// The `since` of a body, inclusive; refused while the webhook is disabled.
fn since(body: &RawBody, webhook: &Webhook) -> Result<DateTime<Utc>, ApiError> {
    let Since { since } = body.valid(Media::Json)?;
    refuse_disabled(webhook)?;
    Ok(since.get()?.0)
}
