//! Webhooks sent through the real path, verified by libraries nobody here wrote, during a rotation too.
//!
//! Here with the `standardwebhooks` crate. With `VERIFIERS_FILE` set, what was received is also written there, for
//! `infra/verify/third_party_verifiers` to hold before the `standardwebhooks` and `svix` packages of PyPI and npm.

use acceptance::api::{Api, Caller};
use acceptance::receivers::Received;
use acceptance::verification::SigningSecret;
use acceptance::world::{Settings, World};
use chrono::{TimeDelta, Utc};
use domain::api_key::Scope;
use http::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

/// A request that must succeed.
async fn call(api: &Api, caller: &Caller, method: Method, path: &str, body: Value) -> Value {
    let answer = api.send(&method, path, caller, Some(&body)).await;
    assert!(answer.status.is_success(), "{method} {path}: {}", answer.status);
    answer.body
}

/// What a verifier is given: what came in, and a secret that must verify it.
fn exhibit(received: &Received, secret: &str) -> Value {
    let headers: serde_json::Map<String, Value> = received
        .headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("webhook-"))
        .map(|(name, value)| (name.to_string(), value.to_str().expect("ASCII").into()))
        .collect();
    json!({"secret": secret, "headers": headers, "body": String::from_utf8_lossy(&received.body)})
}

#[tokio::test(flavor = "multi_thread")]
async fn others_verify_our_webhooks_during_a_rotation_too() {
    // The libraries of others go by the time it is.
    let world = World::with(Settings { now: Utc::now(), ..Settings::default() }).await;
    let (stack, receivers, api) = (&world.stack, &world.receivers, world.communs());
    let mec = world.caller("mec", Scope::Projects).await.on_behalf_of("agent@strasbourg.eu");
    let tet = world.caller("tet", Scope::Sync).await;
    let webhook = call(&api, &tet, Method::POST, "/webhooks", json!({"url": receivers.url("tet")})).await;
    let first = webhook["secret"].as_str().expect("a secret").to_owned();
    receivers.expect_secrets("tet", vec![SigningSecret { secret: first.clone(), until: None }]);

    let project = json!({
        "externalId": "mec-1", "nom": "Rénovation de l'école — « Schœpflin » 🏫", "statut": "Non démarré, intention",
        "collectivites": [{"type": "Commune", "code": "67482"}],
    });
    let project = call(&api, &mec, Method::POST, "/projects", project).await;
    stack.drain().await.expect("drained");
    let before = receivers.take();

    let path = format!("/webhooks/{}/rotate-secret", webhook["id"].as_str().expect("an id"));
    let rotated = call(&api, &tet, Method::POST, &path, json!(null)).await;
    let second = rotated["secret"].as_str().expect("a secret").to_owned();
    let until = Some(world.clock.now() + TimeDelta::hours(24));
    receivers.expect_secrets(
        "tet",
        vec![SigningSecret { secret: second.clone(), until: None }, SigningSecret { secret: first.clone(), until }],
    );
    let path = format!("/projects/{}", project["id"].as_str().expect("an id"));
    call(&api, &mec, Method::PATCH, &path, json!({"statut": "Opération démarrée"})).await;
    stack.drain().await.expect("drained");
    let during = receivers.take();

    assert_eq!((before.len(), during.len()), (1, 1));
    let exhibits = [(&before[0], &first), (&during[0], &first), (&during[0], &second)];
    for (received, secret) in exhibits {
        assert_eq!(received.fault, None);
        let verified = Webhook::new(secret).expect("a secret").verify(&received.body, &received.headers);
        verified.expect("the crate verifies it");
    }
    let stranger = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
    assert!(stranger.verify(&before[0].body, &before[0].headers).is_err(), "another secret does not");

    if let Ok(file) = std::env::var("VERIFIERS_FILE") {
        let exhibits: Vec<Value> = exhibits.into_iter().map(|(received, secret)| exhibit(received, secret)).collect();
        std::fs::write(file, json!(exhibits).to_string()).expect("written");
    }
}
