//! A write that took effect although its answer was lost is done once; one that met another transaction is done; what a
//! queue failed to take of a batch is sent again.

use acceptance::world::World;
use aws_sdk_sqs::types::QueueAttributeName;
use chrono::TimeDelta;
use domain::api_key::Scope;
use engines::Fault;
use http::{Method, StatusCode};
use passerelle::platform::queue::{Queue, QueueError};
use passerelle::store::droits::DroitsStore;
use serde_json::json;

#[tokio::test]
async fn an_attempt_is_counted_once() {
    let world = World::start().await;
    let client = aws_sdk_dynamodb::Client::new(&world.stack.engines().sdk_config());
    let store = DroitsStore::new(client, "DroitsTable".to_owned());
    let now = world.clock.now();
    world.stack.engines().faults().inject("UpdateItem", Fault::LostAnswer, 1);
    assert_eq!(store.count_attempt("subject", "2026-11-02T09:00", 1, now).await.unwrap(), 1);
    assert_eq!(store.count_attempt("subject", "2026-11-02T09:00", 1, now).await.unwrap(), 2);
}

#[tokio::test]
async fn a_secret_is_rotated_once_so_that_the_one_in_use_still_signs() {
    let world = World::start().await;
    let (api, tet) = (world.communs(), world.caller("tet", Scope::Sync).await);
    let made = api.send(&Method::POST, "/webhooks", &tet, Some(&json!({"url": world.receivers.url("tet")}))).await;
    world.stack.engines().faults().inject("PutItem", Fault::LostAnswer, 1);
    world.stack.engines().meter().start();
    let rotated = api.send(&Method::POST, &format!("/webhooks/{}/rotate-secret", made.text("id")), &tet, None).await;
    let calls = world.stack.engines().meter().stop();
    assert_eq!(rotated.status, StatusCode::OK, "{}", rotated.body);
    // One call that did it, one by which the SDK learnt so: no second secret was made.
    assert_eq!(calls.iter().filter(|call| call.operation == "PutItem").count(), 2, "{calls:?}");
}

#[tokio::test]
async fn an_erasure_that_meets_another_transaction_erases() {
    let world = World::start().await;
    let (api, mec) = (world.communs(), world.caller("mec", Scope::Sync).await);
    let tet = world.caller("tet", Scope::Sync).await;
    let commune = json!({"type": "Commune", "code": "44109"});
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE", "collectivites": [commune],
        "porteur": {"referentEmail": "bea@nantes.fr", "referentNom": "Le Goff"}});
    assert_eq!(api.send(&Method::POST, "/projects", &mec, Some(&project)).await.status, StatusCode::CREATED);
    world.stack.engines().faults().inject("UpdateItem", Fault::Conflict, 2);
    let erased = api.send(&Method::POST, "/people/erase", &mec, Some(&json!({"email": "bea@nantes.fr"}))).await;
    assert_eq!(erased.status, StatusCode::OK, "{}", erased.body);
    world.pass(TimeDelta::minutes(1));
    let feed = api.send(&Method::GET, "/events", &tet, None).await;
    assert!(!feed.body.to_string().contains("Le Goff"), "{}", feed.body);
}

#[tokio::test]
async fn what_a_queue_failed_to_take_is_sent_again_and_nothing_else() {
    let world = World::start().await;
    let (faults, client) = (world.stack.engines().faults(), aws_sdk_sqs::Client::new(world.stack.sdk()));
    let url = world.stack.variables("DataspaceSync")["SYNCS_QUEUE_URL"].clone();
    let queue = Queue::new(client.clone(), url.clone());
    let waiting = async || {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let asked = client.get_queue_attributes().queue_url(&url).attribute_names(name.clone()).send().await.unwrap();
        asked.attributes.unwrap()[&name].clone()
    };
    // Of three the first and the third fail, of those two the first, then that one.
    faults.inject("SendMessageBatch", Fault::Partly, 3);
    queue.send(&["a", "b", "c"], |_| None, 0).await.unwrap();
    assert_eq!(waiting().await, "3");
    faults.inject("SendMessageBatch", Fault::Partly, 4);
    assert!(matches!(queue.send(&["d"], |_| None, 0).await, Err(QueueError::Refused(1))));
    assert_eq!(waiting().await, "3");
}
