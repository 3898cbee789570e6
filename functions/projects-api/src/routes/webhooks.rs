//! Webhooks of a service: registered, read, changed, deleted; secrets are shown once.

use axum::Json;
use axum::extract::{Path, State};
use domain::body::Field;
use domain::communs::event::EventId;
use domain::instant;
use domain::webhooks::health::{DisabledReason, Health};
use domain::webhooks::own_header::{OwnName, OwnValue, SealedHeader};
use domain::webhooks::signature::SigningSecret;
use domain::webhooks::subscription::{ROTATION_OVERLAP, SealedSecret, Webhook, WebhookId, WebhookStatus};
use futures_util::future::try_join_all;
use http::StatusCode;
use passerelle::clients::signed::{is_sealed_header, seal_header};
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::CommitError;
use passerelle::web::body::RawBody;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use super::webhook_settings::{parse_new, parse_patch};
use crate::app::App;
use crate::caller::{ServiceCaller, SyncCaller};
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;

/// How many deliveries of a deleted webhook are removed before the answer.
const PURGED_AT_ONCE: i32 = 200;

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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let settings = parse_new(&body, app.policy)?;
    let now = app.clock.now();
    let id = WebhookId::from(app.ids.next(now));
    let (secret, sealed) = new_secret(&app, id)?;
    let header = choose_header(&app, id, settings.header, None)?;
    let webhook = Webhook {
        id,
        service: caller.service,
        url: settings.url,
        event_types: settings.event_types,
        description: settings.description,
        disabled: None,
        secrets: vec![SealedSecret { sealed, until: None }],
        header,
        created_at: now,
        health: Health::default(),
    };
    match app.store.register_webhook(&webhook).await {
        Ok(()) => {}
        // A race with another registration looks like a full house: the count tells them apart.
        Err(CommitError::Race) => {
            let registered = app.store.webhooks(Some(&webhook.service)).await?.len();
            let full = registered >= domain::webhooks::subscription::MAX_PER_SERVICE as usize;
            return Err(if full { Code::WebhookLimitReached.into() } else { ApiError::DecideAgain });
        }
        Err(error) => return Err(error.into()),
    }
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
pub(super) async fn list(State(app): State<App>, SyncCaller(caller): SyncCaller) -> Result<Json<Value>, ApiError> {
    let webhooks = app.store.webhooks(Some(&caller.service)).await?;
    let items = try_join_all(webhooks.iter().map(|webhook| show(&app, webhook))).await?;
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let webhook = find_webhook(&app, &caller, &id).await?;
    Ok(Json(show(&app, &webhook).await?))
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<Json<Value>, ApiError> {
    let changed = retry_on_conflict(|| async {
        let webhook = find_webhook(&app, &caller, &id).await?;
        let settings = parse_patch(&body, &webhook, app.policy)?;
        // The new address deserves a probe of its own, whenever the next one would have been.
        let moved = settings.url != webhook.url;
        let health = webhook.health.probe_now(app.clock.now()).filter(|_| moved);
        let next = Webhook {
            health: health.unwrap_or_else(|| webhook.health.clone()),
            url: settings.url,
            event_types: settings.event_types,
            description: settings.description,
            header: choose_header(&app, webhook.id, settings.header, webhook.header.as_ref())?,
            ..Webhook::clone(&webhook)
        };
        if next == *webhook {
            return Ok(webhook);
        }
        let changed = app.store.update_webhook(&webhook, next).await?;
        if moved {
            app.probe(&changed).await;
        }
        Ok(changed)
    })
    .await?;
    Ok(Json(show(&app, &changed).await?))
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let deleted = retry_on_conflict(|| async {
        let webhook = find_webhook(&app, &caller, &id).await?;
        app.store.delete_webhook(&webhook.service, webhook.id, app.clock.now()).await?;
        Ok(webhook.id)
    })
    .await?;
    // What receivers answered may repeat personal data: it goes with the webhook. The sweeper removes the rest.
    if let Err(error) = app.store.purge_deliveries(deleted, PURGED_AT_ONCE).await {
        tracing::warn!(webhook = %deleted, %error, "deliveries not removed: left to the sweeper");
    }
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    retry_on_conflict(|| async {
        let webhook = find_webhook(&app, &caller, &id).await?;
        let (secret, sealed) = new_secret(&app, webhook.id)?;
        let now = app.clock.now();
        app.store.update_webhook(&webhook, webhook.rotate_secret(sealed, now)).await?;
        let until = instant::text(now + ROTATION_OVERLAP);
        Ok(Json(json!({"secret": secret.reveal(), "previousValidUntil": until})))
    })
    .await
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let webhook = find_webhook(&app, &caller, &id).await?;
    count_ping(&app, webhook.id).await?;
    let now = app.clock.now();
    let ping = EventId::from(app.ids.next(now));
    let body = json!({"type": "ping", "timestamp": instant::text(now), "data": {}});
    let (attempt, outcome) = app.sender()?.send(&webhook, ping.as_str(), &body, now).await?;
    if outcome.is_success() {
        close_breaker(&app, &caller, &id).await?;
    }
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let enabled = retry_on_conflict(|| async {
        let webhook = find_webhook(&app, &caller, &id).await?;
        if webhook.status() == WebhookStatus::Active {
            return close_breaker(&app, &caller, &id).await;
        }
        app.hold_all(&webhook).await?;
        // A clean slate: the failures that disabled it must not disable it again at the first new one.
        let next = Webhook { disabled: None, health: Health::default(), ..Webhook::clone(&webhook) };
        Ok(app.store.update_webhook(&webhook, next).await?)
    })
    .await?;
    Ok(Json(show(&app, &enabled).await?))
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let disabled = retry_on_conflict(|| async {
        let webhook = find_webhook(&app, &caller, &id).await?;
        if webhook.status() == WebhookStatus::Disabled {
            return Ok(webhook);
        }
        let next = Webhook { disabled: Some(DisabledReason::Paused), ..Webhook::clone(&webhook) };
        Ok(app.store.update_webhook(&webhook, next).await?)
    })
    .await?;
    Ok(Json(show(&app, &disabled).await?))
}

/// Counts a ping that is about to be sent.
///
/// # Errors
/// 429 when the webhook had its ten of this minute.
async fn count_ping(app: &App, webhook: WebhookId) -> Result<(), ApiError> {
    retry_on_conflict(|| async {
        let now = app.clock.now();
        let seen = app.store.pings(webhook).await?;
        match seen.clone().unwrap_or_default().count(now) {
            Ok(next) => Ok(app.store.count_ping(webhook, seen.as_ref(), next, now).await?),
            Err(wait) => {
                let seconds = wait.num_milliseconds().unsigned_abs().div_ceil(1_000);
                let refused =
                    Problem::new(Code::TooManyRequests).detail("Dix essais par minute et par webhook, au plus.");
                Err(refused.retry_after(seconds).into())
            }
        }
    })
    .await
}

/// Closes the breaker of an active webhook, if it is open, and starts its backlog.
async fn close_breaker(app: &App, caller: &ServiceCaller, id: &str) -> Result<StoredWebhook, ApiError> {
    retry_on_conflict(|| async {
        let webhook = find_webhook(app, caller, id).await?;
        if webhook.status() == WebhookStatus::Disabled || webhook.health.open.is_none() {
            return Ok(webhook);
        }
        let next = Webhook { health: webhook.health.recover(), ..Webhook::clone(&webhook) };
        let closed = app.store.update_webhook(&webhook, next).await?;
        app.start_backlog(&closed).await;
        Ok(closed)
    })
    .await
}

/// The webhook of a path; 404 for another service's.
pub(super) async fn find_webhook(app: &App, caller: &ServiceCaller, id: &str) -> Result<StoredWebhook, ApiError> {
    let id = WebhookId::parse(id).ok_or(Code::NotFound)?;
    Ok(app.store.webhook(&caller.service, id).await?.ok_or(Code::NotFound)?)
}

/// The webhook as its service sees it, with what waits for it.
async fn show(app: &App, webhook: &Webhook) -> Result<Value, ApiError> {
    let pending = match webhook.status() {
        WebhookStatus::Active => app.store.pending_deliveries(webhook.id).await?,
        // What is pending is shown as held.
        WebhookStatus::Disabled => 0,
    };
    Ok(to_json(webhook, pending))
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

/// The header of a webhook after a body. The one there is, given again, stays as it is sealed, unless its key is old.
fn choose_header(
    app: &App,
    id: WebhookId,
    asked: Field<(OwnName, OwnValue)>,
    current: Option<&SealedHeader>,
) -> Result<Option<SealedHeader>, ApiError> {
    let ring = app.sealing.current();
    Ok(match asked {
        Field::Absent => current.cloned(),
        Field::Null => None,
        Field::Set((name, value)) => match current {
            Some(current) if is_sealed_header(&ring, id, current, &name, &value) => Some(current.clone()),
            _ => Some(seal_header(&ring, id, &name, &value)?),
        },
    })
}

fn new_secret(app: &App, id: WebhookId) -> Result<(SigningSecret, String), ApiError> {
    let secret = SigningSecret::from_random(rand::random());
    let sealed = app.sealing.current().seal(secret.as_bytes(), &id.to_string(), rand::random())?;
    Ok((secret, sealed))
}
