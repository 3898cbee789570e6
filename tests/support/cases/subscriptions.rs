//! The subscriptions of services to their stub receivers, and the secrets they are signed with.

use crate::verification::SigningSecret;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::api::Answer;
use crate::cases::format::instant;
use crate::cases::given::WebhookGiven;
use crate::cases::play::Play;

const WEBHOOKS: &str = "/communs/v1/webhooks";

/// The subscriptions this runner made, at most one per service.
#[derive(Debug, Default)]
pub struct Subscriptions(Vec<Subscription>);

#[derive(Debug)]
struct Subscription {
    service: String,
    id: String,
    /// Newest first.
    secrets: Vec<SigningSecret>,
}

impl Subscriptions {
    /// Gives a service's receiver its answers, and subscribes it unless it is already.
    pub async fn apply(play: &mut Play, mut given: WebhookGiven) -> Result<(), String> {
        play.world.receivers.answer(&given.service, std::mem::take(&mut given.answers));
        if Self::exists(play, &given.service).await? {
            return match (&given.event_types, &given.ordering) {
                (None, None) => Ok(()),
                _ => Err(format!("construction inconnue: {} est déjà abonné", given.service)),
            };
        }
        Self::subscribe(play, given).await
    }

    /// Whether the subscription made for this service is still there: the case may have deleted it.
    async fn exists(play: &mut Play, service: &str) -> Result<bool, String> {
        let subscription = play.subscriptions.0.iter().find(|subscription| subscription.service == service);
        let Some(path) = subscription.map(|known| format!("{WEBHOOKS}/{}", known.id)) else {
            return Ok(false);
        };
        let answer = play.call_as(&format!("{service}:sync"), "GET", path, None).await?;
        if answer.status.is_success() {
            return Ok(true);
        }
        play.subscriptions.0.retain(|known| known.service != service);
        Ok(false)
    }

    async fn subscribe(play: &mut Play, given: WebhookGiven) -> Result<(), String> {
        let service = given.service.as_str();
        let mut body = Map::new();
        body.insert("url".to_owned(), play.world.receivers.url(service).into());
        for (name, value) in [("eventTypes", given.event_types), ("ordering", given.ordering)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        }
        let answer = play.call_as(&format!("{service}:sync"), "POST", WEBHOOKS.to_owned(), Some(body.into())).await?;
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("id"), text("secret")) else {
            return Err(format!("abonnement de {service} refusé: {} {}", answer.status, answer.whole_text()));
        };
        play.subscriptions.0.push(Subscription { service: service.to_owned(), id: id.to_owned(), secrets: Vec::new() });
        Self::replace_secret(play, id, secret, None);
        Ok(())
    }

    /// Learns the new secret from the answer to a rotation, whoever asked for it.
    pub fn learn(play: &mut Play, path: &str, answer: &Answer) -> Result<(), String> {
        let rotated =
            path.strip_prefix(WEBHOOKS).and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/rotate-secret"));
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (rotated, text("secret")) else {
            return Ok(());
        };
        let until = text("previousValidUntil").ok_or("rotation sans previousValidUntil")?;
        let until = instant(until)?;
        Self::replace_secret(play, id, secret, Some(until));
        Ok(())
    }

    fn replace_secret(play: &mut Play, id: &str, secret: &str, previous_until: Option<DateTime<Utc>>) {
        let known = play.subscriptions.0.iter_mut().find(|known| known.id == id);
        let Some(subscription) = known else {
            // A subscription the case made by itself, to an address of its own: nothing is received.
            return;
        };
        if let Some(newest) = subscription.secrets.first_mut() {
            newest.until = previous_until;
        }
        let secret = SigningSecret { secret: secret.to_owned(), until: None };
        subscription.secrets.insert(0, secret);
        let secrets = subscription.secrets.clone();
        play.world.receivers.expect_secrets(&subscription.service, secrets);
    }
}
