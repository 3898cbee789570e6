//! What the fan-out makes of the messages it is given: doubled ones, and those of a slow receiver.

use acceptance::api::Caller;
use acceptance::world::World;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use domain::api_key::{Scope, Service};
use domain::webhooks::subscription::Webhook;
use http::{Method, StatusCode};
use passerelle::platform::lambda::Invocation;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::webhooks::StoredWebhook;
use serde_json::{Value, json};
use webhook_fanout::{Config, Fanout};

/// A world where `tet` has a webhook and `mec` has made a change, whose message waits in the deliveries' queue.
async fn changed_world() -> World {
    let world = World::start().await;
    subscribe(&world, "tet").await;
    let mec = world.caller("mec", Scope::Sync).await;
    create_project(&world, &mec).await;
    world
}

async fn subscribe(world: &World, service: &str) {
    let caller = world.caller(service, Scope::Sync).await;
    let body = json!({"url": world.receivers.url(service)});
    let made = world.communs().send(&Method::POST, "/webhooks", &caller, Some(&body)).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

async fn create_project(world: &World, caller: &Caller) {
    let commune = json!({"type": "Commune", "code": "67482"});
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE", "collectivites": [commune]});
    let made = world.communs().send(&Method::POST, "/projects", caller, Some(&project)).await;
    assert_eq!(made.status, StatusCode::CREATED);
}

/// The fan-out of the template, driven by the test instead of by its event sources.
async fn fanout(world: &World) -> Fanout {
    let variables = world.stack.variables("WebhookFanout");
    let config = Config::read(|name| variables.get(name).cloned()).unwrap();
    Fanout::start(world.stack.sdk(), config, world.clock.clock()).await.unwrap()
}

/// Hands these bodies to the fan-out as one batch, each with an id of its own; the ids that must come again.
async fn hand_over(fanout: &Fanout, bodies: &[String]) -> Vec<String> {
    let mut event = SqsEvent::default();
    for (rank, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(format!("m-{rank}"));
        record.body = Some(body.clone());
        event.records.push(record);
    }
    let response = fanout.handle(event, Invocation::unlimited("test".to_owned())).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// Takes what waits in a queue out of it.
async fn take_messages(world: &World, variable: &str) -> Vec<String> {
    let client = aws_sdk_sqs::Client::new(world.stack.sdk());
    let url = world.stack.variables("ProjectsApi")[variable].clone();
    let received = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    let mut bodies = Vec::new();
    for message in received.messages.unwrap_or_default() {
        client.delete_message().queue_url(&url).set_receipt_handle(message.receipt_handle).send().await.unwrap();
        bodies.push(message.body.unwrap());
    }
    bodies
}

async fn webhook_of(world: &World, service: &str) -> (CommunsStore, StoredWebhook) {
    let table = world.stack.variables("WebhookFanout")["COMMUNS_TABLE"].clone();
    let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(world.stack.sdk()), table);
    let webhook = store.webhooks(Some(&Service::parse(service).unwrap())).await.unwrap().remove(0);
    (store, webhook)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_comes_twice_in_one_batch_is_one_post() {
    let world = changed_world().await;
    let messages = take_messages(&world, "DELIVERIES_QUEUE_URL").await;
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    let fanout = fanout(&world).await;
    let batch = [message.clone(), message.clone(), "illisible".to_owned(), message.clone()];
    assert!(hand_over(&fanout, &batch).await.is_empty());
    assert_eq!(world.receivers.take().len(), 1);
    // Nor in a later one.
    assert!(hand_over(&fanout, std::slice::from_ref(message)).await.is_empty());
    assert!(world.receivers.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_attempt_to_a_slow_receiver_is_diverted_once() {
    let world = changed_world().await;
    let (store, webhook) = webhook_of(&world, "tet").await;
    let health = webhook.health.mark_slow(world.clock.now()).unwrap();
    store.update_webhook(&webhook, Webhook { health, ..Webhook::clone(&webhook) }).await.unwrap();
    let fanout = fanout(&world).await;

    let messages = take_messages(&world, "DELIVERIES_QUEUE_URL").await;
    assert!(hand_over(&fanout, &messages).await.is_empty());
    assert!(world.receivers.take().is_empty(), "the other queue's capacity is for that");
    let diverted = take_messages(&world, "RETRIES_QUEUE_URL").await;
    assert_eq!(diverted.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(&diverted[0]).unwrap()["diverted"], true);

    // The receiver is slow still: a message that was diverted is attempted all the same.
    assert!(hand_over(&fanout, &diverted).await.is_empty());
    assert_eq!(world.receivers.take().len(), 1);
    assert!(take_messages(&world, "RETRIES_QUEUE_URL").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_members_of_a_newer_version_is_delivered() {
    let world = changed_world().await;
    let messages = take_messages(&world, "DELIVERIES_QUEUE_URL").await;
    let mut newer: Value = serde_json::from_str(&messages[0]).unwrap();
    newer["ordering"] = json!("project");
    assert!(hand_over(&fanout(&world).await, &[newer.to_string()]).await.is_empty());
    assert_eq!(world.receivers.take().len(), 1, "dropped, the event would be lost: it is marked as sent");
}
