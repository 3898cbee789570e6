//! The webhooks of services: found, registered, changed, tried. Routes translate; what is decided and written is here.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Service;
use domain::body::Field;
use domain::communs::event::EventId;
use domain::communs::event_type::EventType;
use domain::instant;
use domain::webhooks::address::Policy;
use domain::webhooks::delivery::Attempt;
use domain::webhooks::health::{DisabledReason, Health};
use domain::webhooks::outcome::DeliveryOutcome;
use domain::webhooks::own_header::{OwnName, OwnValue, SealedHeader};
use domain::webhooks::signature::SigningSecret;
use domain::webhooks::subscription::{
    MAX_PER_SERVICE, ROTATION_OVERLAP, SealedSecret, Webhook, WebhookId, WebhookStatus,
};
use passerelle::backlog::Backlog;
use passerelle::clients::signed::{SignedSender, is_sealed_header, seal_header};
use passerelle::clients::webhook::{Timeouts, WebhookClient};
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::CommitError;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::json;

/// How many deliveries of a deleted webhook are removed before the answer.
const PURGED_AT_ONCE: i32 = 200;
/// How many deliveries are held, or sent, at a time.
const PER_PAGE: i32 = 100;
/// How long a request may take to hold what is pending.
const HOLDING_TIME: Duration = Duration::from_secs(15);
/// How long to wait for the index when all it shows is held already; twice as long each time in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// When to stop waiting for it: some two and a half seconds in all.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What registers and changes webhooks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pub(crate) store: CommunsStore,
    pub(crate) backlog: Backlog,
    pub(crate) sealing: RotatingKeys,
    pub(crate) policy: Policy,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// Made at its first use: pings are rare, and it would be a fifth of the function's start.
    pub(crate) sender: Arc<OnceLock<SignedSender>>,
}

/// What a service decides of its webhook.
pub(crate) struct WebhookSettings {
    pub(crate) url: String,
    pub(crate) event_types: Option<Vec<EventType>>,
    pub(crate) description: Option<String>,
    /// Absent: the one there is.
    pub(crate) header: Field<(OwnName, OwnValue)>,
}

impl Webhooks {
    /// The webhook a path names.
    ///
    /// # Errors
    /// 404 for another service's too.
    pub(crate) async fn find(&self, service: &Service, id: &str) -> Result<StoredWebhook, ApiError> {
        let id = WebhookId::parse(id).ok_or(Code::NotFound)?;
        Ok(self.store.webhook(service, id).await?.ok_or(Code::NotFound)?)
    }

    /// All of a service.
    pub(crate) async fn list(&self, service: &Service) -> Result<Vec<StoredWebhook>, ApiError> {
        Ok(self.store.webhooks(Some(service)).await?)
    }

    /// How many deliveries wait for a webhook. What is pending for a disabled one is shown as held.
    pub(crate) async fn count_pending(&self, webhook: &Webhook) -> Result<usize, ApiError> {
        match webhook.status() {
            WebhookStatus::Active => Ok(self.store.pending_deliveries(webhook.id).await?),
            WebhookStatus::Disabled => Ok(0),
        }
    }

    /// A new webhook, and its secret, which is never shown again.
    ///
    /// # Errors
    /// 409 when the service has as many as it may.
    pub(crate) async fn register(
        &self,
        service: Service,
        settings: WebhookSettings,
    ) -> Result<(Webhook, SigningSecret), ApiError> {
        let now = self.clock.now();
        let id = WebhookId::from(self.ids.next(now));
        let (secret, sealed) = self.new_secret(id)?;
        let header = self.choose_header(id, settings.header, None)?;
        let webhook = Webhook {
            id,
            service,
            url: settings.url,
            event_types: settings.event_types,
            description: settings.description,
            disabled: None,
            secrets: vec![SealedSecret { sealed, until: None }],
            header,
            created_at: now,
            health: Health::default(),
        };
        match self.store.register_webhook(&webhook).await {
            Ok(()) => Ok((webhook, secret)),
            // A race with another registration looks like a full house: the count tells them apart.
            Err(CommitError::Race) => {
                let registered = self.store.webhooks(Some(&webhook.service)).await?.len();
                let full = registered >= MAX_PER_SERVICE as usize;
                Err(if full { Code::WebhookLimitReached.into() } else { ApiError::DecideAgain })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes what `settle` makes of a webhook's settings. A new address is tried at once if the breaker is open.
    ///
    /// # Errors
    /// 404; whatever `settle` refuses.
    pub(crate) async fn change(
        &self,
        service: &Service,
        id: &str,
        settle: impl Fn(&Webhook) -> Result<WebhookSettings, ApiError>,
    ) -> Result<StoredWebhook, ApiError> {
        retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            let settings = settle(&webhook)?;
            // The new address deserves a probe of its own, whenever the next one would have been.
            let moved = settings.url != webhook.url;
            let health = webhook.health.probe_now(self.clock.now()).filter(|_| moved);
            let next = Webhook {
                health: health.unwrap_or_else(|| webhook.health.clone()),
                url: settings.url,
                event_types: settings.event_types,
                description: settings.description,
                header: self.choose_header(webhook.id, settings.header, webhook.header.as_ref())?,
                ..Webhook::clone(&webhook)
            };
            if next == *webhook {
                return Ok(webhook);
            }
            let changed = self.store.update_webhook(&webhook, next).await?;
            if moved {
                self.probe(&changed).await;
            }
            Ok(changed)
        })
        .await
    }

    /// Deletes a webhook, and what was kept of its deliveries.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn delete(&self, service: &Service, id: &str) -> Result<(), ApiError> {
        let deleted = retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            self.store.delete_webhook(&webhook.service, webhook.id, self.clock.now()).await?;
            Ok(webhook.id)
        })
        .await?;
        // What receivers answered may repeat personal data: it goes with the webhook. The sweeper removes the rest.
        if let Err(error) = self.store.purge_deliveries(deleted, PURGED_AT_ONCE).await {
            tracing::warn!(webhook = %deleted, %error, "deliveries not removed: left to the sweeper");
        }
        Ok(())
    }

    /// Gives a webhook another secret; the instant until which the one before signs too.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn rotate_secret(
        &self,
        service: &Service,
        id: &str,
    ) -> Result<(SigningSecret, DateTime<Utc>), ApiError> {
        retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            let (secret, sealed) = self.new_secret(webhook.id)?;
            let now = self.clock.now();
            self.store.update_webhook(&webhook, webhook.rotate_secret(sealed, now)).await?;
            Ok((secret, now + ROTATION_OVERLAP))
        })
        .await
    }

    /// Sends a signed `ping`, to a disabled webhook and through an open breaker too. A success closes the breaker of an
    /// active one.
    ///
    /// # Errors
    /// 404; 429 when the webhook had its ten of this minute. A receiver that fails is no error.
    pub(crate) async fn ping(&self, service: &Service, id: &str) -> Result<(Attempt, DeliveryOutcome), ApiError> {
        let webhook = self.find(service, id).await?;
        self.count_ping(webhook.id).await?;
        let now = self.clock.now();
        let ping = EventId::from(self.ids.next(now));
        let body = json!({"type": "ping", "timestamp": instant::text(now), "data": {}});
        let (attempt, outcome) = self.sender()?.send(&webhook, ping.as_str(), &body, now).await?;
        if outcome.is_success() {
            self.close_breaker(service, id).await?;
        }
        Ok((attempt, outcome))
    }

    /// Makes a webhook active again, what was pending held until it is recovered; closes the breaker of one that is.
    ///
    /// # Errors
    /// 404; 503 when there is more to hold than a request has time for: the next one goes on.
    pub(crate) async fn enable(&self, service: &Service, id: &str) -> Result<StoredWebhook, ApiError> {
        retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            if webhook.status() == WebhookStatus::Active {
                return self.close_breaker(service, id).await;
            }
            self.hold_all(&webhook).await?;
            // A clean slate: the failures that disabled it must not disable it again at the first new one.
            let next = Webhook { disabled: None, health: Health::default(), ..Webhook::clone(&webhook) };
            Ok(self.store.update_webhook(&webhook, next).await?)
        })
        .await
    }

    /// Stops sending to a webhook, for its service: what happens meanwhile is kept.
    ///
    /// # Errors
    /// 404.
    pub(crate) async fn pause(&self, service: &Service, id: &str) -> Result<StoredWebhook, ApiError> {
        retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            if webhook.status() == WebhookStatus::Disabled {
                return Ok(webhook);
            }
            let next = Webhook { disabled: Some(DisabledReason::Paused), ..Webhook::clone(&webhook) };
            Ok(self.store.update_webhook(&webhook, next).await?)
        })
        .await
    }

    /// Closes the breaker of an active webhook, if it is open, and starts its backlog.
    async fn close_breaker(&self, service: &Service, id: &str) -> Result<StoredWebhook, ApiError> {
        retry_on_conflict(|| async {
            let webhook = self.find(service, id).await?;
            if webhook.status() == WebhookStatus::Disabled || webhook.health.open.is_none() {
                return Ok(webhook);
            }
            let next = Webhook { health: webhook.health.recover(), ..Webhook::clone(&webhook) };
            let closed = self.store.update_webhook(&webhook, next).await?;
            // A failure is no failure of the request: the sweeper sends what is due.
            if let Err(error) = self.backlog.send_due(&closed, self.clock.now(), PER_PAGE).await {
                tracing::warn!(webhook = %closed.id, %error, "backlog not started: left to the sweeper");
            }
            Ok(closed)
        })
        .await
    }

    /// Sends a probe to a webhook whose breaker is open, if anything is due; else the sweeper does when something is.
    async fn probe(&self, webhook: &StoredWebhook) {
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
    async fn hold_all(&self, webhook: &Webhook) -> Result<(), ApiError> {
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

    /// Counts a ping that is about to be sent.
    async fn count_ping(&self, webhook: WebhookId) -> Result<(), ApiError> {
        retry_on_conflict(|| async {
            let now = self.clock.now();
            let seen = self.store.pings(webhook).await?;
            match seen.clone().unwrap_or_default().count(now) {
                Ok(next) => Ok(self.store.count_ping(webhook, seen.as_ref(), next, now).await?),
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

    fn sender(&self) -> Result<&SignedSender, ApiError> {
        if let Some(sender) = self.sender.get() {
            return Ok(sender);
        }
        let client = WebhookClient::new(self.policy, Timeouts::default(), self.clock.clone())
            .map_err(|error| ApiError::Failed(error.into()))?;
        Ok(self.sender.get_or_init(|| SignedSender::new(client, self.sealing.clone(), self.policy)))
    }

    /// The header of a webhook after a body. The one there is, given again, stays as it is sealed, unless its key is old.
    fn choose_header(
        &self,
        id: WebhookId,
        asked: Field<(OwnName, OwnValue)>,
        current: Option<&SealedHeader>,
    ) -> Result<Option<SealedHeader>, ApiError> {
        let ring = self.sealing.current();
        Ok(match asked {
            Field::Absent => current.cloned(),
            Field::Null => None,
            Field::Set((name, value)) => match current {
                Some(current) if is_sealed_header(&ring, id, current, &name, &value) => Some(current.clone()),
                _ => Some(seal_header(&ring, id, &name, &value)?),
            },
        })
    }

    fn new_secret(&self, id: WebhookId) -> Result<(SigningSecret, String), ApiError> {
        let secret = SigningSecret::from_random(rand::random());
        let sealed = self.sealing.current().seal(secret.as_bytes(), &id.to_string(), rand::random())?;
        Ok((secret, sealed))
    }
}
