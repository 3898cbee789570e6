//! The stub receivers, and what they demand of every webhook.

use std::time::Duration;

use acceptance::moving_clock::MovingClock;
use acceptance::receivers::{Answer, Receivers};
use acceptance::verification::SigningSecret;
use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use standardwebhooks::Webhook;

const NEWER: &str = "whsec_a0SrN+fGS/MTO1U2w6LUVHXNrbRQ3LlTYZ3KoQa2up0=";
const OLDER: &str = "whsec_k/8qPLnmYvHDE/Nz9CSAC7RPsDyJ2VJIZV4/YuRyYH0=";
const BODY: &str = r#"{"type":"ping","timestamp":"2026-11-02T09:00:00.000Z"}"#;
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn start() -> DateTime<Utc> {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

fn secret(text: &str, until: Option<DateTime<Utc>>) -> SigningSecret {
    SigningSecret { secret: text.to_owned(), until }
}

async fn receivers(clock: &MovingClock, secrets: Vec<SigningSecret>) -> Receivers {
    let receivers = Receivers::open(clock.clock()).await.unwrap();
    receivers.expect_secrets("tet", secrets);
    receivers
}

/// A webhook as a sound sender makes it, signed with these secrets.
fn webhook(receivers: &Receivers, now: DateTime<Utc>, secrets: &[&str]) -> reqwest::RequestBuilder {
    let timestamp = now.timestamp();
    let sign = |secret: &&str| Webhook::new(secret).unwrap().sign("evt_1", timestamp, BODY.as_bytes());
    let signatures: Vec<String> = secrets.iter().map(|secret| sign(secret).unwrap()).collect();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
        .post(receivers.url("tet"))
        .header("webhook-id", "evt_1")
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures.join(" "))
        .header("content-type", "application/json")
        .header("user-agent", "Passerelle-Webhooks/0.1.0")
        .header("traceparent", TRACE)
        .body(BODY)
}

async fn fault(receivers: &Receivers, request: reqwest::RequestBuilder) -> Option<String> {
    request.send().await.unwrap();
    let received = receivers.take();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].service, "tet");
    received[0].fault.clone()
}

#[tokio::test]
async fn a_sound_webhook_is_accepted() {
    let clock = MovingClock::at(start());
    let receivers = receivers(&clock, vec![secret(NEWER, None)]).await;
    let sound = webhook(&receivers, start(), &[NEWER]);
    assert_eq!(fault(&receivers, sound).await, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_webhook_is_named() {
    let clock = MovingClock::at(start());
    let receivers = receivers(&clock, vec![secret(NEWER, None)]).await;
    let sound = || webhook(&receivers, start(), &[NEWER]);
    let faulty = [
        (webhook(&receivers, start(), &[OLDER]), "webhook-signature"),
        (webhook(&receivers, start(), &[NEWER, OLDER]), "webhook-signature"),
        (webhook(&receivers, start() - TimeDelta::seconds(30), &[NEWER]), "webhook-timestamp"),
        (sound().body(BODY.replace("ping", "pong")), "webhook-signature"),
        (sound().header("webhook-id", "evt_2"), "webhook-id répété"),
        (sound().header("traceparent", "x"), "traceparent répété"),
    ];
    for (request, expected) in faulty {
        let fault = fault(&receivers, request).await.unwrap();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[tokio::test]
async fn a_replaced_secret_signs_after_the_newer_one_until_its_day_is_over() {
    let clock = MovingClock::at(start());
    let end = start() + TimeDelta::hours(24);
    let receivers = receivers(&clock, vec![secret(NEWER, None), secret(OLDER, Some(end))]).await;
    let fault_at = async |now: DateTime<Utc>, secrets: &[&str]| {
        clock.move_to(now);
        fault(&receivers, webhook(&receivers, now, secrets)).await
    };
    let just_before = end - TimeDelta::seconds(1);
    assert_eq!(fault_at(just_before, &[NEWER, OLDER]).await, None);
    assert!(fault_at(just_before, &[OLDER, NEWER]).await.is_some());
    assert!(fault_at(just_before, &[NEWER]).await.is_some());
    assert_eq!(fault_at(end, &[NEWER]).await, None);
    assert_eq!(fault_at(end, &[NEWER, OLDER]).await, None);
    let after = end + TimeDelta::seconds(1);
    assert_eq!(fault_at(after, &[NEWER]).await, None);
    assert!(fault_at(after, &[NEWER, OLDER]).await.is_some());
}

#[tokio::test]
async fn answers_come_in_turn_and_the_last_one_repeats() {
    let clock = MovingClock::at(start());
    let receivers = receivers(&clock, vec![secret(NEWER, None)]).await;
    let status = |code| Answer::Status(StatusCode::from_u16(code).unwrap());
    receivers.answer("tet", vec![status(500), status(302), status(204)]);
    for expected in [500, 302, 204, 204] {
        let answer = webhook(&receivers, start(), &[NEWER]).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected);
    }
    receivers.answer("tet", Vec::new());
    let answer = webhook(&receivers, start(), &[NEWER]).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(receivers.take().len(), 5);
    assert!(receivers.take().is_empty());
}

#[tokio::test]
async fn a_receiver_that_hangs_takes_the_webhook_and_closes_without_a_word() {
    let clock = MovingClock::at(start());
    let receivers = receivers(&clock, vec![secret(NEWER, None)]).await;
    receivers.answer("tet", vec![Answer::Hang(Duration::from_millis(20))]);
    assert!(webhook(&receivers, start(), &[NEWER]).send().await.is_err());
    // A client may send once more when a connection is closed on it: it was received in any case.
    assert!(receivers.take().iter().all(|received| received.fault.is_none()));
}
