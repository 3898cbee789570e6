//! Webhooks of a service: registered, read, changed, deleted; secrets are shown once.

use axum::Json;
use axum::extract::{Path, State};
use domain::instant;
use domain::webhooks::subscription::Webhook;
use futures_util::future::try_join_all;
use http::StatusCode;
use passerelle::web::body::RawBody;
use passerelle::web::error::ApiError;
use serde_json::{Value, json};

use super::webhook_settings::{parse_new, parse_patch};
use crate::caller::SyncCaller;
use crate::openapi::{parameters, refusals as by, schemas};
use crate::webhooks::Webhooks;

/// `POST /webhooks`.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "createWebhook",
    tag = "Webhooks",
    summary = "Créer un webhook",
    description = "Dix au plus par service. Il reçoit les changements faits par les autres services à partir de \
        maintenant.",
    request_body = schemas::webhook::NewWebhook,
    responses(
        (
            status = 201,
            description = "Le webhook et son secret, montré ici seulement.",
            body = schemas::webhook::CreatedWebhook,
        ),
        by::Refused<(by::Caller, by::Room, by::Body, by::Address)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn create(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let settings = parse_new(&body, webhooks.policy)?;
    let (webhook, secret) = webhooks.register(caller.service, settings).await?;
    let mut body = to_json(&webhook, 0);
    body["secret"] = secret.reveal().into();
    Ok((StatusCode::CREATED, Json(body)))
}

/// `GET /webhooks`.
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "listWebhooks",
    tag = "Webhooks",
    summary = "Lister les webhooks du service",
    description = "Tous ceux du service appelant.",
    responses(
        (status = 200, description = "Les webhooks.", body = schemas::webhook::Webhooks),
        by::Refused<by::Caller>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn list(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
) -> Result<Json<Value>, ApiError> {
    let found = webhooks.list(&caller.service).await?;
    let items = try_join_all(found.iter().map(|webhook| show(&webhooks, webhook))).await?;
    Ok(Json(json!({"items": items})))
}

/// `GET /webhooks/{id}`.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "readWebhook",
    tag = "Webhooks",
    summary = "Lire un webhook",
    description = "Celui d'un autre service est introuvable.",
    params(parameters::WebhookPath),
    responses(
        (status = 200, description = "Le webhook.", body = schemas::webhook::Webhook),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn read(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let webhook = webhooks.find(&caller.service, &id).await?;
    Ok(Json(show(&webhooks, &webhook).await?))
}

/// `PATCH /webhooks/{id}`: a merge patch.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "patchWebhook",
    tag = "Webhooks",
    summary = "Modifier un webhook",
    description = "Le filtre de types compte au moment où un changement est fait. Une nouvelle adresse est essayée tout \
        de suite si le disjoncteur est ouvert. Si elle est d'un autre hôte, l'en-tête demandé (`header`) est à donner de \
        nouveau, ou à retirer.",
    params(parameters::WebhookPath),
    request_body(content(
        (schemas::webhook::WebhookPatch = "application/merge-patch+json"),
        (schemas::webhook::WebhookPatch = "application/json"),
    )),
    responses(
        (status = 200, description = "Le webhook modifié.", body = schemas::webhook::Webhook),
        by::Refused<(by::Caller, by::Existing, by::Body, by::Address)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn patch(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let settle = |current: &Webhook| parse_patch(&body, current, webhooks.policy);
    let changed = webhooks.change(&caller.service, &id, settle).await?;
    Ok(Json(show(&webhooks, &changed).await?))
}

/// `DELETE /webhooks/{id}`.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = "Webhooks",
    summary = "Supprimer un webhook",
    description = "Plus rien ne lui est envoyé, reprises comprises, et ce qui était gardé de ses livraisons est effacé.",
    params(parameters::WebhookPath),
    responses(
        (status = 204, description = "Le webhook n'est plus."),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn delete(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    webhooks.delete(&caller.service, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{id}/rotate-secret`.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotateSecret",
    tag = "Webhooks",
    summary = "Changer de secret",
    description = "L'ancien secret signe aussi pendant 24 heures : les signatures sont alors plusieurs, la plus \
        récente d'abord.",
    params(parameters::WebhookPath),
    responses(
        (
            status = 200,
            description = "Le nouveau secret, montré ici seulement.",
            body = schemas::webhook::RotatedSecret,
        ),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn rotate_secret(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (secret, until) = webhooks.rotate_secret(&caller.service, &id).await?;
    Ok(Json(json!({"secret": secret.reveal(), "previousValidUntil": instant::text(until)})))
}

/// `POST /webhooks/{id}/test`: a signed `ping`, the answer shown. It changes nothing, works on a disabled webhook and
/// through an open breaker.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = "Webhooks",
    summary = "Essayer un webhook",
    description = "Envoie tout de suite un `ping` signé et montre la réponse, même sur un webhook désactivé. Une \
        réussite referme le disjoncteur d'un webhook actif : ce qui attendait part aussitôt. Dix essais par minute et par \
        webhook au plus ; au-delà, 429 `too-many-requests`.",
    params(parameters::WebhookPath),
    responses(
        (status = 200, description = "Ce qu'a répondu le récepteur.", body = schemas::webhook::TestResult),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn test(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let (attempt, outcome) = webhooks.ping(&caller.service, &id).await?;
    Ok(Json(json!({
        "delivered": outcome.is_success(),
        "statusCode": attempt.status_code,
        "errorClass": attempt.error_class,
        "latencyMs": attempt.latency_ms,
    })))
}

/// `POST /webhooks/{id}/enable`: sends nothing by itself; what was pending stays held until it is recovered.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/enable",
    operation_id = "enableWebhook",
    tag = "Webhooks",
    summary = "Réactiver un webhook",
    description = "Ce qui attendait reste gardé jusqu'à `/recover`. D'un webhook actif, referme le disjoncteur : ce qui \
        attendait part aussitôt.",
    params(parameters::WebhookPath),
    responses(
        (status = 200, description = "Le webhook actif.", body = schemas::webhook::Webhook),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn enable(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let enabled = webhooks.enable(&caller.service, &id).await?;
    Ok(Json(show(&webhooks, &enabled).await?))
}

/// `POST /webhooks/{id}/disable`: a pause its service asks for.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/disable",
    operation_id = "disableWebhook",
    tag = "Webhooks",
    summary = "Mettre un webhook en pause",
    description = "Plus rien ne lui est envoyé, mais rien n'est perdu : les événements sont gardés, jusqu'à `/enable` \
        puis `/recover`. Sans effet sur un webhook déjà désactivé.",
    params(parameters::WebhookPath),
    responses(
        (status = 200, description = "Le webhook désactivé.", body = schemas::webhook::Webhook),
        by::Refused<(by::Caller, by::Existing)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn disable(
    State(webhooks): State<Webhooks>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let disabled = webhooks.pause(&caller.service, &id).await?;
    Ok(Json(show(&webhooks, &disabled).await?))
}

/// The webhook as its service sees it, with what waits for it.
async fn show(webhooks: &Webhooks, webhook: &Webhook) -> Result<Value, ApiError> {
    Ok(to_json(webhook, webhooks.count_pending(webhook).await?))
}

/// The webhook without any secret. Of a receiver that does well nothing is told: nothing is written of it.
fn to_json(webhook: &Webhook, pending: usize) -> Value {
    let health = &webhook.health;
    json!({
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "eventTypes": webhook.event_types,
        "header": webhook.header.as_ref().map(|header| json!({"name": header.name})),
        "status": webhook.status(),
        "disabledReason": webhook.disabled,
        "breaker": if health.open.is_some() { "open" } else { "closed" },
        "failingSince": health.failing_since.map(instant::text),
        "lastSuccessAt": health.last_success_at.map(instant::text),
        "lastFailure": health.last_failure,
        "nextProbeAt": health.open.as_ref().map(|open| instant::text(open.probe_at)),
        "pending": pending,
        "createdAt": instant::text(webhook.created_at),
    })
}
