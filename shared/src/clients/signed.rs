//! One signed POST to a webhook: its secrets opened, the address checked anew, the attempt made and recorded.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use uuid::Uuid;

use super::webhook::WebhookClient;
use crate::platform::secrets::{RotatingKeys, SecretError};
use domain::webhooks::address::{Policy, check_url};
use domain::webhooks::delivery::Attempt;
use domain::webhooks::outcome::{DeliveryOutcome, ErrorClass};
use domain::webhooks::signature::{SigningSecret, sign};
use domain::webhooks::subscription::{SealedSecret, Webhook};

/// Signs and sends webhooks.
#[derive(Clone, Debug)]
pub struct SignedSender {
    client: WebhookClient,
    sealing: RotatingKeys,
    policy: Policy,
}

impl SignedSender {
    /// A sender whose webhooks' secrets are sealed with `sealing`.
    #[must_use]
    pub fn new(client: WebhookClient, sealing: RotatingKeys, policy: Policy) -> Self {
        Self { client, sealing, policy }
    }

    /// Makes one attempt, signed afresh at `now` with every secret of the webhook that still signs.
    ///
    /// # Errors
    /// When a secret cannot be opened; a failed attempt is no error.
    pub async fn send(
        &self,
        webhook: &Webhook,
        id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<(Attempt, DeliveryOutcome), SecretError> {
        let secrets = match self.open(webhook, now) {
            // Sealed with a key that was added since the ring was read.
            Err(SecretError::Sealed) => {
                self.sealing.read_again().await;
                self.open(webhook, now)?
            }
            opened => opened?,
        };
        let body = Bytes::from(body.to_string());
        let signature = sign(&secrets, id, now.timestamp(), &body);
        let attempt = match (check_url(&webhook.url, self.policy), headers(id, now, &signature)) {
            (Ok(url), Some(headers)) => self.client.post(&url, headers, body).await,
            _ => super::webhook::Attempt {
                outcome: DeliveryOutcome::Failed(ErrorClass::AddressRefused),
                answer: String::new(),
                latency: std::time::Duration::ZERO,
            },
        };
        let record = Attempt {
            at: now,
            status_code: attempt.outcome.status(),
            error_class: attempt.outcome.error_class(),
            latency_ms: u64::try_from(attempt.latency.as_millis()).unwrap_or(u64::MAX),
            answer: attempt.answer,
        };
        Ok((record, attempt.outcome))
    }
}

impl SignedSender {
    fn open(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<Vec<SigningSecret>, SecretError> {
        let ring = self.sealing.current();
        let open = |secret: &SealedSecret| {
            let bytes = ring.open(&secret.sealed, &webhook.id.to_string())?;
            SigningSecret::from_bytes(&bytes).map_err(|_| SecretError::Sealed)
        };
        webhook.signing_secrets(now).map(open).collect()
    }
}

/// The headers of Standard Webhooks 1.0.0, and a trace of its own for each attempt. Ids and signatures are ASCII, so
/// that they always make headers.
fn headers(id: &str, now: DateTime<Utc>, signature: &str) -> Option<HeaderMap> {
    let trace = Uuid::new_v4().simple().to_string();
    let span = &Uuid::new_v4().simple().to_string()[..16];
    let pairs = [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", now.timestamp().to_string()),
        ("webhook-signature", signature.to_owned()),
        ("traceparent", format!("00-{trace}-{span}-01")),
    ];
    let pair = |(name, value): (&'static str, String)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?))
    };
    pairs.into_iter().map(pair).collect()
}
