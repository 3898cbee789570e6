//! Sending again: one delivery, all that was missed, or everything since a date.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, TimeDelta, Utc};
use domain::communs::event::{Event, EventId};
use domain::webhooks::delivery::{BreakerRule, Delivery, DeliveryStatus, Supersession};
use domain::webhooks::retry::SWEEP_GRACE;
use domain::webhooks::subscription::{Webhook, WebhookStatus};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::StatusCode;
use passerelle::platform::queue::DeliveryTask;
use passerelle::store::communs::deliveries::Expect;
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::CommitError;
use passerelle::web::body::{Media, RawBody};
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use super::webhooks::find_webhook;
use crate::app::App;
use crate::caller::SyncCaller;
use crate::openapi::schemas::delivery::Since;
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::error::ApiError;

/// How many deliveries are written at a time.
const AT_A_TIME: usize = 16;
/// How many are read at a time.
const PER_PAGE: i32 = 100;

/// How long a request may take to hold what is pending.
const HOLDING_TIME: Duration = Duration::from_secs(15);
/// How long to wait for the index when all it shows is held already; twice as long each time in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// When to stop waiting for it: some two and a half seconds in all.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path((id, event)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = find_webhook(&app, &caller, &id).await?;
    let event = EventId::parse(&event).ok_or(Code::NotFound)?;
    let delivery = app.store.delivery(webhook.id, &event).await?.ok_or(Code::NotFound)?;
    refuse_disabled(&webhook)?;
    let deliveries = vec![(delivery.clone(), Some(delivery))];
    let scheduled = app.make_due(&webhook, deliveries, Supersession::Forbidden, BreakerRule::Bypass).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"scheduled": scheduled}))))
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = find_webhook(&app, &caller, &id).await?;
    let since = EventId::first_at(since(&body, &webhook)?);
    let (mut scheduled, mut end) = (0, None);
    loop {
        let page = app.store.deliveries(webhook.id, end.as_ref(), PER_PAGE).await?;
        let Some(last) = page.last() else { break };
        let past = last.event_id < since;
        end = Some(last.event_id.clone());
        let missed =
            |d: &Delivery| d.event_id >= since && matches!(d.status, DeliveryStatus::Held | DeliveryStatus::Failed);
        let missed = page.into_iter().filter(missed).map(|d| (d.clone(), Some(d))).collect();
        scheduled += app.make_due(&webhook, missed, Supersession::Allowed, BreakerRule::Obey).await?;
        if past {
            break;
        }
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"scheduled": scheduled}))))
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
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    Path(id): Path<String>,
    body: RawBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let webhook = find_webhook(&app, &caller, &id).await?;
    let since = since(&body, &webhook)?;
    let now = app.clock.now();
    let (mut scheduled, mut after) = (0, EventId::first_at(since));
    loop {
        // Inclusive of events of this very millisecond.
        let feed = app.store.feed(&webhook.service, Some(&after), now + TimeDelta::milliseconds(1), 100).await?;
        if feed.events.is_empty() {
            break;
        }
        after = feed.next;
        let wanted = feed.events.into_iter().filter(|event| webhook.wants_kind(event.kind));
        let deliveries: Vec<(Delivery, Option<Delivery>)> = stream::iter(wanted)
            .map(|event: Event| {
                let (store, id) = (&app.store, webhook.id);
                async move {
                    let seen = store.delivery(id, &event.id).await?;
                    Ok::<_, ApiError>((seen.clone().unwrap_or_else(|| Delivery::new(&event, now)), seen))
                }
            })
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        scheduled += app.make_due(&webhook, deliveries, Supersession::Forbidden, BreakerRule::Obey).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"scheduled": scheduled}))))
}

impl App {
    /// Makes deliveries due at once, each given with what is stored of it, and puts them on the queue; how many.
    async fn make_due(
        &self,
        webhook: &Webhook,
        deliveries: Vec<(Delivery, Option<Delivery>)>,
        supersession: Supersession,
        breaker: BreakerRule,
    ) -> Result<usize, ApiError> {
        let now = self.clock.now();
        // The sweeper takes what does not come through the queue.
        let swept_at = now + SWEEP_GRACE;
        let written = stream::iter(deliveries).map(|(delivery, seen)| async move {
            let due = delivery.reschedule(now, supersession);
            let expect = seen.map_or(Expect::New, |seen| Expect::Seen(seen.attempt_count, seen.status));
            match self.store.write_delivery(webhook.id, &due, Some(swept_at), expect, now).await {
                Ok(()) => Ok(Some(due)),
                // Somebody is just dealing with it.
                Err(CommitError::Race) => Ok(None),
                Err(error) => Err(ApiError::from(error)),
            }
        });
        let written: Vec<Option<Delivery>> = written.buffered(AT_A_TIME).try_collect().await?;
        let through_breaker = breaker == BreakerRule::Bypass;
        let task = |delivery: Delivery| DeliveryTask {
            through_breaker,
            ..DeliveryTask::next_attempt(webhook, &delivery, swept_at)
        };
        let tasks: Vec<DeliveryTask> = written.into_iter().flatten().map(task).collect();
        if let Err(error) = self.retries.send(&tasks, 0).await {
            tracing::warn!(webhook = %webhook.id, error = %error, "redelivery not sent: left to the sweeper");
        }
        Ok(tasks.len())
    }

    /// Sends what is due of a webhook whose breaker has just been closed. A failure is no failure of the request: the
    /// sweeper sends it.
    pub(super) async fn start_backlog(&self, webhook: &Webhook) {
        if let Err(error) = self.backlog.send_due(webhook, self.clock.now(), PER_PAGE).await {
            tracing::warn!(webhook = %webhook.id, %error, "backlog not started: left to the sweeper");
        }
    }

    /// Sends a probe to a webhook whose breaker is open, if anything is due; else the sweeper does when something is.
    pub(super) async fn probe(&self, webhook: &StoredWebhook) {
        if webhook.status() == WebhookStatus::Disabled {
            return;
        }
        if let Err(error) = self.backlog.send_probe(webhook, self.clock.now()).await {
            tracing::warn!(webhook = %webhook.id, %error, "no probe sent: left to the sweeper");
        }
    }

    /// Holds everything that is pending for a disabled webhook.
    ///
    /// # Errors
    /// 503 when the index still shows what was held a moment ago, or there is more than a request has time for: what is
    /// held stays so, and the next call goes on.
    pub(super) async fn hold_all(&self, webhook: &Webhook) -> Result<(), ApiError> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        while began.elapsed() < HOLDING_TIME && pause < LONGEST_PAUSE {
            // Far enough to see every retry: the longest wait is a day.
            let horizon = self.clock.now() + TimeDelta::days(2);
            let report = self.store.hold_due(webhook.id, horizon, PER_PAGE, self.clock.now()).await?;
            match (report.seen, report.held) {
                (0, _) => return Ok(()),
                (_, 0) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                _ => pause = FIRST_PAUSE,
            }
        }
        Err(Code::Unavailable.into())
    }
}

fn refuse_disabled(webhook: &Webhook) -> Result<(), Problem> {
    if webhook.status() == WebhookStatus::Disabled { Err(Code::WebhookDisabled.into()) } else { Ok(()) }
}

/// The `since` of a body, inclusive; refused while the webhook is disabled.
fn since(body: &RawBody, webhook: &Webhook) -> Result<DateTime<Utc>, ApiError> {
    let Since { since } = body.valid(Media::Json)?;
    refuse_disabled(webhook)?;
    Ok(since.get()?.0)
}
