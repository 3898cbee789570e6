//! The SQS that carries deliveries and retries.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

use super::subject::unique;
use super::{Subject, on_every_subject};

async fn queue(subject: &Subject) -> (Client, String) {
    let client = subject.sqs();
    let url = create(&client, &[]).await;
    (client, url)
}

async fn create(client: &Client, attributes: &[(QueueAttributeName, String)]) -> String {
    let attributes: HashMap<_, _> = attributes.iter().cloned().collect();
    let created = client.create_queue().queue_name(unique("queue")).set_attributes(Some(attributes)).send().await;
    created.expect("the queue is created").queue_url.expect("a URL")
}

async fn arn(client: &Client, url: &str) -> String {
    attribute(client, url, QueueAttributeName::QueueArn).await
}

async fn attribute(client: &Client, url: &str, name: QueueAttributeName) -> String {
    let answer = client.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await;
    answer.expect("attributes").attributes.expect("some").remove(&name).expect("this one")
}

async fn send(client: &Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.expect("sent");
}

async fn receive(client: &Client, url: &str, wait_seconds: i32) -> Vec<Message> {
    let received = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .wait_time_seconds(wait_seconds)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await;
    received.expect("received").messages.unwrap_or_default()
}

async fn receive_one(client: &Client, url: &str) -> Message {
    receive(client, url, 2).await.pop().expect("a message")
}

async fn delete(client: &Client, url: &str, message: &Message) {
    let handle = message.receipt_handle().expect("a handle");
    client.delete_message().queue_url(url).receipt_handle(handle).send().await.expect("deleted");
}

async fn show_after(client: &Client, url: &str, message: &Message, seconds: i32) {
    let change = client.change_message_visibility().queue_url(url).visibility_timeout(seconds);
    change.set_receipt_handle(message.receipt_handle.clone()).send().await.expect("changed");
}

fn system(message: &Message, name: MessageSystemAttributeName) -> Option<&str> {
    message.attributes()?.get(&name).map(String::as_str)
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes_and_leaves_when_deleted() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        let attribute =
            MessageAttributeValue::builder().data_type("String").string_value("valeur é").build().expect("complete");
        let sent = client
            .send_message()
            .queue_url(&url)
            .message_body("{\"é\":1}")
            .message_attributes("nom", attribute.clone())
            .send()
            .await
            .expect("sent");
        assert_eq!(sent.md5_of_message_body(), Some("5a278f779cec8fae6d58e7de58a4dd03"));
        let message = receive_one(&client, &url).await;
        assert_eq!(message.body(), Some("{\"é\":1}"));
        assert_eq!(message.message_id(), sent.message_id());
        assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
        assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
        assert_eq!(message.message_attributes().and_then(|all| all.get("nom")), Some(&attribute));
        assert_eq!(system(&message, MessageSystemAttributeName::ApproximateReceiveCount), Some("1"));
        assert!(system(&message, MessageSystemAttributeName::SentTimestamp).is_some());
        let hidden = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        assert_eq!(self::attribute(&client, &url, hidden.clone()).await, "1");
        delete(&client, &url, &message).await;
        // MiniStack refuses the handle of a message that is gone; AWS deletes as often as it is asked.
        if !subject.is_external() {
            delete(&client, &url, &message).await;
        }
        assert_eq!(self::attribute(&client, &url, hidden).await, "0");
    })
    .await;
}

#[tokio::test]
async fn a_delayed_message_shows_when_its_delay_ends() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        client.send_message().queue_url(&url).message_body("later").delay_seconds(2).send().await.expect("sent");
        assert_eq!(receive(&client, &url, 0).await, []);
        let delayed = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        assert_eq!(attribute(&client, &url, delayed).await, "1");
        let began = Instant::now();
        assert_eq!(receive(&client, &url, 10).await.len(), 1, "the long poll sees it");
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_consumer_frees_it() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        send(&client, &url, "work").await;
        let first = receive_one(&client, &url).await;
        assert_eq!(receive(&client, &url, 0).await, []);
        show_after(&client, &url, &first, 0).await;
        let second = receive_one(&client, &url).await;
        assert_eq!(second.message_id(), first.message_id());
        assert_eq!(system(&second, MessageSystemAttributeName::ApproximateReceiveCount), Some("2"));
        show_after(&client, &url, &second, 1).await;
        assert_eq!(receive(&client, &url, 0).await, []);
        assert_eq!(receive(&client, &url, 5).await.len(), 1, "after the new deadline");

        let unknown = client.change_message_visibility().queue_url(&url).visibility_timeout(1);
        let refusal = unknown.receipt_handle("not-a-handle").send().await.expect_err("an invented handle");
        assert_eq!(refusal.code(), Some("ReceiptHandleIsInvalid"));
    })
    .await;
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letters_and_back() {
    on_every_subject(|subject| async move {
        let client = subject.sqs();
        let dead = create(&client, &[]).await;
        let dead_arn = arn(&client, &dead).await;
        let policy = format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":2}}"#);
        let url = create(&client, &[(QueueAttributeName::RedrivePolicy, policy)]).await;
        let source_arn = arn(&client, &url).await;
        send(&client, &url, "poison").await;
        for _ in 0..2 {
            let message = receive_one(&client, &url).await;
            show_after(&client, &url, &message, 0).await;
        }
        assert_eq!(receive(&client, &url, 0).await, [], "the third receive finds nothing");
        let message = receive_one(&client, &dead).await;
        assert_eq!(message.body(), Some("poison"));
        let source = system(&message, MessageSystemAttributeName::DeadLetterQueueSourceArn);
        assert_eq!(source, Some(source_arn.as_str()));
        show_after(&client, &dead, &message, 0).await;

        // MiniStack has no move tasks.
        if !subject.is_external() {
            let task = client.start_message_move_task().source_arn(&dead_arn).destination_arn(&source_arn);
            assert!(task.send().await.expect("the move starts").task_handle().is_some());
            let again = receive_one(&client, &url).await;
            assert_eq!(again.body(), Some("poison"));
            let count = system(&again, MessageSystemAttributeName::ApproximateReceiveCount);
            assert_eq!(count, Some("1"), "a moved message is a new one");
        }
    })
    .await;
}

#[tokio::test]
async fn entries_of_a_batch_succeed_or_fail_on_their_own() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        let entry = |id: &str, delay: i32| {
            let entry = SendMessageBatchRequestEntry::builder().id(id).message_body(id).delay_seconds(delay);
            entry.build().expect("an entry")
        };
        let send = |entries: Vec<_>| client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send();
        let sent = send(vec![entry("a", 0), entry("b", 901), entry("c", 0)]).await.expect("the batch is read");
        let accepted: Vec<&str> = sent.successful().iter().map(|entry| entry.id()).collect();
        // MiniStack does not check the delay of an entry.
        if !subject.is_external() {
            assert_eq!(accepted, ["a", "c"]);
            assert_eq!(sent.failed()[0].code(), "InvalidParameterValue");
            assert!(sent.failed()[0].sender_fault());
        }
        for (entries, code) in [
            (vec![], "AWS.SimpleQueueService.EmptyBatchRequest"),
            (vec![entry("a", 0), entry("a", 0)], "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"),
            (
                (0..11).map(|id| entry(&id.to_string(), 0)).collect(),
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            ),
        ] {
            assert_eq!(send(entries).await.expect_err("refused as a whole").code(), Some(code));
        }

        let mut messages = receive(&client, &url, 2).await;
        messages.extend(receive(&client, &url, 0).await);
        let handle = |index: usize| messages[index].receipt_handle.clone();
        let drop = DeleteMessageBatchRequestEntry::builder().id("drop").set_receipt_handle(handle(1)).build();
        let bad = DeleteMessageBatchRequestEntry::builder().id("bad").receipt_handle("not-a-handle").build();
        let deletion = client.delete_message_batch().queue_url(&url);
        let deletion = deletion.entries(drop.expect("an entry")).entries(bad.expect("an entry")).send().await;
        let deletion = deletion.expect("the batch is read");
        assert_eq!(deletion.successful()[0].id(), "drop");
        assert_eq!(deletion.failed()[0].code(), "ReceiptHandleIsInvalid");
    })
    .await;
}

#[tokio::test]
async fn values_out_of_their_range_are_refused() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        let too_many = client.receive_message().queue_url(&url).max_number_of_messages(11).send().await;
        assert_eq!(too_many.expect_err("eleven").code(), Some("InvalidParameterValue"));
        let large = client.send_message().queue_url(&url).message_body("x".repeat(1_048_577)).send().await;
        assert_eq!(large.expect_err("more than 1 MiB").code(), Some("InvalidParameterValue"));
        // MiniStack checks neither the delay nor the characters of a message.
        if !subject.is_external() {
            let late = client.send_message().queue_url(&url).message_body("x").delay_seconds(901).send().await;
            assert_eq!(late.expect_err("901 seconds").code(), Some("InvalidParameterValue"));
            let control = client.send_message().queue_url(&url).message_body("a\u{1}b").send().await;
            assert!(control.expect_err("a control character").into_service_error().is_invalid_message_contents());
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_poll_ends_when_a_message_arrives() {
    on_every_subject(|subject| async move {
        let (client, url) = queue(&subject).await;
        let (poller, polled) = (client.clone(), url.clone());
        let began = Instant::now();
        let poll = tokio::spawn(async move { receive(&poller, &polled, 20).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        send(&client, &url, "now").await;
        assert_eq!(poll.await.expect("the poll ends").len(), 1);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_queue_is_created_once_found_described_and_deleted() {
    on_every_subject(|subject| async move {
        let client = subject.sqs();
        let name = unique("queue");
        let create = |seconds: &str| {
            let attribute = (QueueAttributeName::VisibilityTimeout, seconds.to_owned());
            client.create_queue().queue_name(&name).set_attributes(Some(HashMap::from([attribute]))).send()
        };
        let url = create("45").await.expect("created").queue_url.expect("a URL");
        assert_eq!(create("45").await.expect("the same again").queue_url.as_ref(), Some(&url));
        let other = create("46").await.expect_err("other attributes").into_service_error();
        assert!(other.is_queue_name_exists(), "{other:?}");
        let found = client.get_queue_url().queue_name(&name).send().await.expect("found");
        assert_eq!(found.queue_url.as_ref(), Some(&url));
        let listed = client.list_queues().queue_name_prefix(&name).send().await.expect("listed");
        assert_eq!(listed.queue_urls(), std::slice::from_ref(&url));
        client
            .set_queue_attributes()
            .queue_url(&url)
            .attributes(QueueAttributeName::DelaySeconds, "3")
            .send()
            .await
            .expect("set");
        assert_eq!(attribute(&client, &url, QueueAttributeName::DelaySeconds).await, "3");
        assert_eq!(attribute(&client, &url, QueueAttributeName::VisibilityTimeout).await, "45");
        client.delete_queue().queue_url(&url).send().await.expect("deleted");
        let refusal = client.get_queue_url().queue_name(&name).send().await.expect_err("gone").into_service_error();
        assert!(refusal.is_queue_does_not_exist(), "{refusal:?}");
        let refusal = client.send_message().queue_url(&url).message_body("x").send().await.expect_err("gone");
        assert!(refusal.into_service_error().is_queue_does_not_exist());
    })
    .await;
}
