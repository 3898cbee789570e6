//! The subscriptions of services to their stub receivers, and the secrets they are signed with.

use acceptance::verification::SigningSecret;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::format::instant;
use crate::given::WebhookGiven;
use crate::world::{Answer, Call, World};

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
    pub async fn apply(world: &mut World, mut given: WebhookGiven) -> Result<(), String> {
        world.receivers.answer(&given.service, std::mem::take(&mut given.answers));
        if Self::exists(world, &given.service).await? {
            return match (&given.event_types, &given.ordering) {
                (None, None) => Ok(()),
                _ => Err(format!("construction inconnue: {} est déjà abonné", given.service)),
            };
        }
        Self::subscribe(world, given).await
    }

    /// Whether the subscription made for this service is still there: the case may have deleted it.
    async fn exists(world: &mut World, service: &str) -> Result<bool, String> {
        let subscription = world.subscriptions.0.iter().find(|subscription| subscription.service == service);
        let Some(path) = subscription.map(|known| format!("{WEBHOOKS}/{}", known.id)) else {
            return Ok(false);
        };
        let answer = request(world, service, "GET", &path, None).await?;
        if answer.status.is_success() {
            return Ok(true);
        }
        world.subscriptions.0.retain(|known| known.service != service);
        Ok(false)
    }

    async fn subscribe(world: &mut World, given: WebhookGiven) -> Result<(), String> {
        let service = given.service.as_str();
        let mut body = Map::new();
        body.insert("url".to_owned(), world.receivers.url(service).into());
        for (name, value) in [("eventTypes", given.event_types), ("ordering", given.ordering)] {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        }
        let answer = request(world, service, "POST", WEBHOOKS, Some(Value::Object(body))).await?;
        let text = |name: &str| answer.json.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("id"), text("secret")) else {
            return Err(format!("abonnement de {service} refusé: {} {}", answer.status, answer.text));
        };
        world.subscriptions.0.push(Subscription {
            service: service.to_owned(),
            id: id.to_owned(),
            secrets: Vec::new(),
        });
        Self::replace_secret(world, id, secret, None);
        Ok(())
    }

    /// Learns the new secret from the answer to a rotation, whoever asked for it.
    pub fn learn(world: &mut World, path: &str, answer: &Answer) -> Result<(), String> {
        let rotated =
            path.strip_prefix(WEBHOOKS).and_then(|rest| rest.strip_prefix('/')?.strip_suffix("/rotate-secret"));
        let text = |name: &str| answer.json.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (rotated, text("secret")) else {
            return Ok(());
        };
        let until = text("previousValidUntil").ok_or("rotation sans previousValidUntil")?;
        let until = instant(until)?;
        Self::replace_secret(world, id, secret, Some(until));
        Ok(())
    }

    fn replace_secret(world: &mut World, id: &str, secret: &str, previous_until: Option<DateTime<Utc>>) {
        let known = world.subscriptions.0.iter_mut().find(|known| known.id == id);
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
        world.receivers.expect_secrets(&subscription.service, secrets);
    }
}

async fn request(
    world: &mut World,
    service: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Result<Answer, String> {
    let authorization = world.authorization(service).await?;
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
    let call =
        Call { method: method.to_owned(), path: path.to_owned(), headers, body: body.map(|body| body.to_string()) };
    world.call(call).await
}
