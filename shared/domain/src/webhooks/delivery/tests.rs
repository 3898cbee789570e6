use uuid::Uuid;

use super::*;
use crate::api_key::Service;
use crate::communs::event_type::EventType;
use crate::webhooks::health::{DisabledReason, Health, OpenBreaker};
use crate::webhooks::outcome::DeliveryOutcome;

const SERVER_ERROR: DeliveryOutcome = DeliveryOutcome::Answered { status: 500, retry_after: None };
const SUCCESS: DeliveryOutcome = DeliveryOutcome::Answered { status: 204, retry_after: None };

fn now() -> DateTime<Utc> {
    instant::parse("2026-11-02T09:00:00Z").unwrap()
}

fn webhook() -> Webhook {
    Webhook {
        id: Uuid::nil().into(),
        service: Service::parse("tet").unwrap(),
        url: "https://example.org/".into(),
        event_types: None,
        description: None,
        disabled: None,
        secrets: Vec::new(),
        header: None,
        created_at: now(),
        health: Health::default(),
    }
}

/// A webhook whose breaker is open, with the delivery of `probe` as its leased probe.
fn open_webhook(probe: Option<&EventId>) -> Webhook {
    let probe = probe.map(|event| event.as_str().to_owned());
    let open = Some(OpenBreaker { probe_at: now(), interval_seconds: 30, probe });
    Webhook { health: Health { failures: 5, open, ..Health::default() }, ..webhook() }
}

fn delivery(status: DeliveryStatus, attempt_count: u32) -> Delivery {
    Delivery {
        event_id: EventId::from(Uuid::from_u128(1)),
        kind: EventType::ProjectUpdated,
        project_id: ProjectId::from(Uuid::nil()),
        version: Some(2),
        status,
        attempt_count,
        schedule_count: attempt_count,
        forced: false,
        next_attempt_at: (status == DeliveryStatus::Pending).then(now),
        attempts: Vec::new(),
    }
}

fn attempt(number: u64) -> Attempt {
    Attempt { at: now(), status_code: Some(500), error_class: None, latency_ms: number, answer: String::new() }
}

fn record(delivery: &Delivery, outcome: &DeliveryOutcome, webhook: WebhookStatus) -> Delivery {
    delivery.record_attempt(attempt(0), outcome, 0.5, webhook)
}

#[test]
fn every_status_meets_every_state_of_the_webhook_and_every_age_of_the_message() {
    let active = webhook();
    let disabled = Webhook { disabled: Some(DisabledReason::Gone), ..webhook() };
    let open = open_webhook(None);
    let probing_this = open_webhook(Some(&delivery(DeliveryStatus::Pending, 0).event_id));
    let probing_another = open_webhook(Some(&EventId::from(Uuid::from_u128(2))));
    let webhooks = [&active, &disabled, &open, &probing_this, &probing_another];
    let check = |status, attempts, attempts_when_sent, expected: [NextStep; 5]| {
        let delivery = delivery(status, attempts);
        let steps = webhooks.map(|webhook| delivery.next_step(webhook, attempts_when_sent, BreakerRule::Obey));
        assert_eq!(steps, expected, "{status:?}, {attempts} made, {attempts_when_sent} when the message was sent");
    };
    use NextStep::{Attempt, Hold, Ignore, Wait};
    for made in [0, 1, 9] {
        check(DeliveryStatus::Pending, made, made, [Attempt, Hold, Wait, Attempt, Wait]);
        // A doubled message of an attempt that was made, and one of the future, which there cannot be.
        check(DeliveryStatus::Pending, made + 1, made, [Ignore; 5]);
        check(DeliveryStatus::Pending, made, made + 1, [Ignore; 5]);
        for over in
            [DeliveryStatus::Delivered, DeliveryStatus::Failed, DeliveryStatus::Superseded, DeliveryStatus::Held]
        {
            check(over, made, made, [Ignore; 5]);
            check(over, made + 1, made, [Ignore; 5]);
        }
    }
}

#[test]
fn what_its_service_asked_for_is_attempted_through_an_open_breaker() {
    let pending = delivery(DeliveryStatus::Pending, 3);
    let step = |webhook: &Webhook, attempts| pending.next_step(webhook, attempts, BreakerRule::Bypass);
    assert_eq!(step(&open_webhook(None), 3), NextStep::Attempt);
    assert_eq!(step(&open_webhook(None), 2), NextStep::Ignore);
    let disabled = Webhook { disabled: Some(DisabledReason::Paused), ..open_webhook(None) };
    assert_eq!(step(&disabled, 3), NextStep::Hold);
}

#[test]
fn an_attempt_ends_in_the_status_its_outcome_and_the_webhook_say() {
    let first = delivery(DeliveryStatus::Pending, 0);
    let failed = record(&first, &SERVER_ERROR, WebhookStatus::Active);
    assert_eq!((failed.status, failed.attempt_count), (DeliveryStatus::Pending, 1));
    assert_eq!(failed.next_attempt_at, Some(now() + TimeDelta::seconds(5)));

    let disabled = record(&first, &SERVER_ERROR, WebhookStatus::Disabled);
    assert_eq!((disabled.status, disabled.next_attempt_at), (DeliveryStatus::Held, None));

    // Delivered is delivered, whatever somebody else did to the webhook meanwhile.
    for webhook in [WebhookStatus::Active, WebhookStatus::Disabled] {
        let delivered = record(&failed, &SUCCESS, webhook);
        assert_eq!((delivered.status, delivered.attempt_count), (DeliveryStatus::Delivered, 2));
        assert_eq!(delivered.next_attempt_at, None);
    }

    let last =
        record(&delivery(DeliveryStatus::Pending, retry::MAX_ATTEMPTS - 1), &SERVER_ERROR, WebhookStatus::Active);
    assert_eq!((last.status, last.next_attempt_at), (DeliveryStatus::Failed, None));
}

#[test]
fn a_reschedule_begins_another_schedule_and_keeps_the_attempts() {
    let failed = delivery(DeliveryStatus::Failed, retry::MAX_ATTEMPTS);
    let again = failed.reschedule(now(), Supersession::Allowed);
    assert_eq!((again.status, again.attempt_count, again.schedule_count), (DeliveryStatus::Pending, 10, 0));
    assert_eq!(again.next_attempt_at, Some(now()));
    assert!(again.can_be_superseded());
    let retried = record(&again, &SERVER_ERROR, WebhookStatus::Active);
    assert_eq!(retried.next_attempt_at, Some(now() + TimeDelta::seconds(5)), "the first wait of a schedule");

    let requested = failed.reschedule(now(), Supersession::Forbidden);
    assert!(!requested.can_be_superseded());
    let recovered = requested.reschedule(now(), Supersession::Allowed);
    assert!(!recovered.can_be_superseded(), "what was asked for by name stays so");
}

#[test]
fn only_retries_of_versions_can_be_superseded() {
    assert!(!delivery(DeliveryStatus::Pending, 0).can_be_superseded(), "a first attempt is always made");
    assert!(delivery(DeliveryStatus::Pending, 1).can_be_superseded());
    for kind in [EventType::ProjectDeleted, EventType::PersonErased, EventType::PermissionChanged] {
        assert!(!Delivery { kind, ..delivery(DeliveryStatus::Pending, 1) }.can_be_superseded(), "{kind:?}");
    }
}

#[test]
fn the_last_twenty_attempts_are_kept() {
    let pending = delivery(DeliveryStatus::Pending, 0);
    let after_25 = (1..=25).fold(pending, |delivery, number| {
        delivery.record_attempt(attempt(number), &SERVER_ERROR, 0.5, WebhookStatus::Active)
    });
    assert_eq!(after_25.attempt_count, 25);
    let kept: Vec<u64> = after_25.attempts.iter().map(|attempt| attempt.latency_ms).collect();
    assert_eq!(kept, (6..=25).collect::<Vec<_>>());
}
