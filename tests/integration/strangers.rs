//! Webhooks sent through the real path, verified by libraries nobody here wrote, during a rotation too.
//!
//! Here with the `standardwebhooks` crate. With `STRANGERS_FILE` set, what was received is also written there, for
//! `infra/verify/strangers` to hold before the `standardwebhooks` and `svix` packages of PyPI and npm.

use acceptance::receivers::{Received, Receivers};
use acceptance::verification::SigningSecret;
use axum::body::Body;
use chrono::{TimeDelta, Utc};
use domain::api_key::Scope;
use engines::Storage;
use http::Request;
use passerelle::platform::clock::Clock;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tower::ServiceExt as _;

/// One request through the router, as the service of `key`.
async fn call(stack: &Stack, key: &str, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/communs/v1{path}"))
        .header("authorization", format!("Bearer {key}"))
        .header("x-user-email", "agent@strasbourg.eu")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = stack.api().oneshot(request).await.expect("an answer");
    assert!(response.status().is_success(), "{method} {path}: {}", response.status());
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The case a stranger is given: what came in, and a secret that must verify it.
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
async fn strangers_verify_our_webhooks_during_a_rotation_too() {
    let options = StackOptions::new(Storage::Memory, Clock::system());
    let stack = Stack::start(options).await.expect("the stack starts");
    let receivers = Receivers::open(Clock::system()).await.expect("receivers");
    let mec = stack.issue_key("mec", Scope::Projects).await.expect("a key");
    let tet = stack.issue_key("tet", Scope::Projects).await.expect("a key");
    let webhook = call(&stack, &tet, "POST", "/webhooks", json!({"url": receivers.url("tet")})).await;
    let first = webhook["secret"].as_str().expect("a secret").to_owned();
    receivers.expect_secrets("tet", vec![SigningSecret { secret: first.clone(), until: None }]);

    let project = json!({
        "externalId": "mec-1", "nom": "Rénovation de l'école — « Schœpflin » 🏫", "statut": "Non démarré, intention",
        "collectivites": [{"type": "Commune", "code": "67482"}],
    });
    let project = call(&stack, &mec, "POST", "/projects", project).await;
    stack.drain().await.expect("drained");
    let before = receivers.take();

    let path = format!("/webhooks/{}/rotate-secret", webhook["id"].as_str().expect("an id"));
    let rotated = call(&stack, &tet, "POST", &path, json!(null)).await;
    let second = rotated["secret"].as_str().expect("a secret").to_owned();
    let until = Some(Utc::now() + TimeDelta::hours(24));
    receivers.expect_secrets(
        "tet",
        vec![SigningSecret { secret: second.clone(), until: None }, SigningSecret { secret: first.clone(), until }],
    );
    let path = format!("/projects/{}", project["id"].as_str().expect("an id"));
    call(&stack, &mec, "PATCH", &path, json!({"statut": "Opération démarrée"})).await;
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

    if let Ok(file) = std::env::var("STRANGERS_FILE") {
        let exhibits: Vec<Value> = exhibits.into_iter().map(|(received, secret)| exhibit(received, secret)).collect();
        std::fs::write(file, json!(exhibits).to_string()).expect("written");
    }
}
