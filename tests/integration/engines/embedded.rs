//! What only our engines promise: the injected clock, fair turns between groups, and injected faults.

use std::time::{Duration, Instant};

use acceptance::moving_clock::MovingClock;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, Put, ScalarAttributeType,
    TimeToLiveSpecification, TransactWriteItem,
};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry};
use chrono::{DateTime, TimeDelta, Utc};
use engines::{Engines, Fault, Storage};

use super::subject::{open, over_http, serve};

fn noon() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().expect("an instant")
}

fn standing() -> (Engines, MovingClock) {
    let clock = MovingClock::at(noon());
    let now = clock.clock();
    (Engines::open(Storage::Memory, move || now.now()).expect("engines open"), clock)
}

async fn queue(sqs: &aws_sdk_sqs::Client) -> String {
    let created = sqs.create_queue().queue_name("q").attributes(QueueAttributeName::VisibilityTimeout, "60");
    created.send().await.expect("created").queue_url.expect("a URL")
}

async fn bodies(sqs: &aws_sdk_sqs::Client, url: &str, most: i32) -> Vec<String> {
    let received = sqs.receive_message().queue_url(url).max_number_of_messages(most).send().await;
    let messages = received.expect("received").messages.unwrap_or_default();
    messages.into_iter().filter_map(|message| message.body).collect()
}

#[tokio::test]
async fn delays_visibility_and_retention_follow_the_clock_alone() {
    let (engines, clock) = standing();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = queue(&sqs).await;
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(900).send().await.expect("sent");
    assert!(bodies(&sqs, &url, 10).await.is_empty());
    clock.move_to(noon() + TimeDelta::seconds(900));
    assert_eq!(bodies(&sqs, &url, 10).await, ["late"]);
    assert!(bodies(&sqs, &url, 10).await.is_empty(), "in flight");
    clock.move_to(noon() + TimeDelta::seconds(960));
    assert_eq!(bodies(&sqs, &url, 10).await, ["late"], "visible again");
    clock.move_to(noon() + TimeDelta::days(4));
    assert!(bodies(&sqs, &url, 10).await.is_empty(), "past its retention");
}

#[tokio::test]
async fn a_long_poll_sees_the_clock_jump() {
    let (engines, clock) = standing();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = queue(&sqs).await;
    sqs.send_message().queue_url(&url).message_body("late").delay_seconds(900).send().await.expect("sent");
    let poll = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send();
    let jump = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        clock.move_to(noon() + TimeDelta::seconds(900));
    };
    let began = Instant::now();
    let (received, ()) = tokio::join!(poll, jump);
    assert_eq!(received.expect("received").messages().len(), 1);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_group_that_floods_the_queue_does_not_make_the_others_wait() {
    let (engines, _) = standing();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = queue(&sqs).await;
    for (body, group) in [("n1", "noisy"), ("n2", "noisy"), ("n3", "noisy"), ("n4", "noisy"), ("q1", "quiet")] {
        let message = sqs.send_message().queue_url(&url).message_body(body).message_group_id(group);
        message.send().await.expect("sent");
    }
    assert_eq!(bodies(&sqs, &url, 3).await, ["n1", "q1", "n2"]);
    let received = sqs
        .receive_message()
        .queue_url(&url)
        .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
    let message = received.send().await.expect("received").messages.and_then(|mut all| all.pop()).expect("one");
    assert_eq!(message.body(), Some("n3"));
    let group = message.attributes().and_then(|all| all.get(&MessageSystemAttributeName::MessageGroupId));
    assert_eq!(group.map(String::as_str), Some("noisy"));
}

#[tokio::test]
async fn only_the_last_handle_deletes() {
    let (engines, clock) = standing();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = queue(&sqs).await;
    sqs.send_message().queue_url(&url).message_body("x").send().await.expect("sent");
    let receive = || async {
        let received = sqs.receive_message().queue_url(&url).send().await.expect("received");
        received.messages.and_then(|mut all| all.pop()).and_then(|message| message.receipt_handle)
    };
    let first = receive().await.expect("a handle");
    clock.move_to(noon() + TimeDelta::seconds(60));
    let second = receive().await.expect("another handle");
    for (handle, left) in [(first, "1"), (second, "0")] {
        sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.expect("accepted");
        let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let attributes = sqs.get_queue_attributes().queue_url(&url).attribute_names(name.clone()).send().await;
        let attributes = attributes.expect("attributes").attributes.expect("some");
        assert_eq!(attributes.get(&name).map(String::as_str), Some(left));
    }
}

#[tokio::test]
async fn a_batch_is_one_mebibyte_at_most() {
    let (engines, _) = standing();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = queue(&sqs).await;
    let entry = |id: &str, size: usize| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body("x".repeat(size));
        entry.build().expect("an entry")
    };
    let send = |size: usize| {
        let batch = sqs.send_message_batch().queue_url(&url);
        batch.entries(entry("a", 524_288)).entries(entry("b", size)).send()
    };
    assert_eq!(send(524_288).await.expect("exactly the limit").successful().len(), 2);
    let refusal = send(524_289).await.expect_err("one byte more").into_service_error();
    assert!(refusal.is_batch_request_too_long(), "{refusal:?}");
}

/// A table of one item kind, and a transaction that writes one item under a condition.
async fn table(engines: &Engines, retries: RetryConfig) -> aws_sdk_dynamodb::Client {
    let config = engines.sdk_config().into_builder().retry_config(retries).build();
    let client = aws_sdk_dynamodb::Client::new(&config);
    let key = KeySchemaElement::builder().attribute_name("PK").key_type(KeyType::Hash).build().expect("a key");
    let attribute = AttributeDefinition::builder().attribute_name("PK").attribute_type(ScalarAttributeType::S);
    client
        .create_table()
        .table_name("items")
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key)
        .attribute_definitions(attribute.build().expect("an attribute"))
        .send()
        .await
        .expect("created");
    client
}

async fn write(client: &aws_sdk_dynamodb::Client, id: &str) -> Result<(), Option<String>> {
    let put = Put::builder()
        .table_name("items")
        .item("PK", AttributeValue::S(id.to_owned()))
        .condition_expression("attribute_not_exists(PK)")
        .build()
        .expect("a put");
    let items = TransactWriteItem::builder().put(put).build();
    let written = client.transact_write_items().transact_items(items).send().await;
    written.map(|_| ()).map_err(|error| error.code().map(ToOwned::to_owned))
}

#[tokio::test]
async fn faults_are_what_the_sdk_takes_them_for() {
    let engines = open(Storage::Memory);
    let client = table(&engines, RetryConfig::disabled()).await;
    let faults = engines.faults();
    for (fault, code) in [
        (Fault::Throttle, Some("ProvisionedThroughputExceededException")),
        (Fault::Conflict, Some("TransactionCanceledException")),
        (Fault::ServerError, Some("InternalServerError")),
        (Fault::LostAnswer, None),
    ] {
        faults.inject("TransactWriteItems", fault.clone(), 1);
        assert_eq!(write(&client, &format!("{fault:?}")).await, Err(code.map(ToOwned::to_owned)), "{fault:?}");
    }
    assert_eq!(faults.waiting("TransactWriteItems"), 0);
    let scanned = client.scan().table_name("items").send().await.expect("scanned");
    let written: Vec<_> = scanned.items().iter().map(|item| item["PK"].as_s().map(String::as_str)).collect();
    assert_eq!(written, [Ok("LostAnswer")], "only the lost answer was carried out");

    faults.inject("TransactWriteItems", Fault::Delay(Duration::from_millis(150)), 1);
    let began = Instant::now();
    assert_eq!(write(&client, "delayed").await, Ok(()));
    assert!(began.elapsed() >= Duration::from_millis(150));

    faults.inject("TransactWriteItems", Fault::ServerError, 3);
    faults.clear();
    assert_eq!(write(&client, "cleared").await, Ok(()));
}

#[tokio::test]
async fn the_sdk_retries_through_faults_without_writing_twice() {
    let engines = open(Storage::Memory);
    let patient = RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(1));
    let client = table(&engines, patient).await;
    for fault in [Fault::Throttle, Fault::ServerError, Fault::LostAnswer] {
        engines.faults().inject("TransactWriteItems", fault, 1);
    }
    // The attempt whose answer was lost did write: the token of the transaction saves the next one.
    assert_eq!(write(&client, "p").await, Ok(()));
    assert_eq!(engines.faults().waiting("TransactWriteItems"), 0);
}

#[tokio::test]
async fn a_lost_answer_breaks_the_connection_over_http_too() {
    let engines = open(Storage::Memory);
    let (url, server) = serve(&engines).await;
    let client = table(&engines, RetryConfig::disabled()).await;
    let remote = over_http(&url).await.into_builder().retry_config(RetryConfig::disabled()).build();
    let remote = aws_sdk_dynamodb::Client::new(&remote);
    engines.faults().inject("TransactWriteItems", Fault::LostAnswer, 1);
    assert!(write(&remote, "p").await.is_err());
    let scanned = client.scan().table_name("items").send().await.expect("scanned");
    assert_eq!(scanned.count(), 1, "it was carried out");
    server.abort();
}

#[tokio::test]
async fn items_past_their_time_are_swept() {
    let (engines, clock) = standing();
    let client = table(&engines, RetryConfig::disabled()).await;
    let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name("expiresAt").build();
    let update = client.update_time_to_live().table_name("items");
    update.time_to_live_specification(specification.expect("complete")).send().await.expect("set");
    let short = (0..60).map(|rank| (format!("short {rank}"), 60));
    for (id, lifetime) in short.chain([("long".to_owned(), 3_600)]) {
        let expires_at = (noon().timestamp() + lifetime).to_string();
        client
            .put_item()
            .table_name("items")
            .item("PK", AttributeValue::S(id))
            .item("expiresAt", AttributeValue::N(expires_at))
            .send()
            .await
            .expect("written");
    }
    assert_eq!(engines.sweep_expired_items().await.expect("swept"), 0);
    clock.move_to(noon() + TimeDelta::seconds(120));
    assert_eq!(engines.sweep_expired_items().await.expect("swept"), 60, "more than one slice");
    let scanned = client.scan().table_name("items").send().await.expect("scanned");
    assert_eq!(scanned.items()[0]["PK"].as_s().map(String::as_str), Ok("long"));
}
