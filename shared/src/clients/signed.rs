//! One signed POST to a webhook: what it has sealed opened, the address checked anew, the attempt made and recorded.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use uuid::Uuid;

use super::webhook::WebhookClient;
use crate::platform::secrets::{KeyRing, RotatingKeys, SecretError};
use domain::webhooks::address::{Policy, check_url};
use domain::webhooks::delivery::Attempt;
use domain::webhooks::outcome::{DeliveryOutcome, ErrorClass};
use domain::webhooks::own_header::{OwnName, OwnValue, SealedHeader};
use domain::webhooks::signature::{SigningSecret, sign};
use domain::webhooks::subscription::{SealedSecret, Webhook, WebhookId};

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
        let Opened { secrets, header } = match self.open(webhook, now) {
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
            (Ok(url), Some(mut headers)) => {
                headers.extend(header);
                self.client.post(&url, headers, body).await
            }
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
    fn open(&self, webhook: &Webhook, now: DateTime<Utc>) -> Result<Opened, SecretError> {
        let ring = self.sealing.current();
        let open = |secret: &SealedSecret| {
            let bytes = ring.open(&secret.sealed, &webhook.id.to_string())?;
            SigningSecret::from_bytes(&bytes).map_err(|_| SecretError::Sealed)
        };
        let secrets = webhook.signing_secrets(now).map(open).collect::<Result<_, _>>()?;
        let header = webhook.header.as_ref().map(|header| open_header(&ring, webhook.id, header)).transpose()?;
        Ok(Opened { secrets, header })
    }
}

/// What a webhook has sealed.
struct Opened {
    secrets: Vec<SigningSecret>,
    header: Option<(HeaderName, HeaderValue)>,
}

/// Seals the header a receiver asks for: it opens for this webhook and this name only.
///
/// # Errors
/// [`SecretError::Sealed`] if the cipher refuses, which it does not.
pub fn seal_header(
    ring: &KeyRing,
    webhook: WebhookId,
    name: &OwnName,
    value: &OwnValue,
) -> Result<SealedHeader, SecretError> {
    let name = name.as_str().to_owned();
    let sealed = ring.seal(value.as_bytes(), &header_binding(webhook, &name), rand::random())?;
    Ok(SealedHeader { name, sealed })
}

/// Whether a sealed header is this one, sealed with the newest key.
#[must_use]
pub fn is_sealed_header(
    ring: &KeyRing,
    webhook: WebhookId,
    sealed: &SealedHeader,
    name: &OwnName,
    value: &OwnValue,
) -> bool {
    let (newest, _) = ring.newest_and_older();
    let opened = ring.open(&sealed.sealed, &header_binding(webhook, &sealed.name));
    sealed.name == name.as_str()
        && sealed.sealed.split_once('.').is_some_and(|(key, _)| key == newest.id)
        && opened.is_ok_and(|opened| opened == value.as_bytes())
}

fn open_header(
    ring: &KeyRing,
    webhook: WebhookId,
    header: &SealedHeader,
) -> Result<(HeaderName, HeaderValue), SecretError> {
    let opened = ring.open(&header.sealed, &header_binding(webhook, &header.name))?;
    let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| SecretError::Sealed)?;
    let mut value = HeaderValue::from_bytes(&opened).map_err(|_| SecretError::Sealed)?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn header_binding(webhook: WebhookId, name: &str) -> String {
    format!("{webhook} {name}")
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
