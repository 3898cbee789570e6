//! What standard queues do to their consumers, how batches fail in part, and how indexes lag.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, QueueAttributeName, SendMessageBatchRequestEntry,
    SendMessageBatchResultEntry,
};
use engines::{Engines, Fault, Storage};

use super::subject::open;

async fn queue(engines: &Engines) -> (Client, String) {
    let client = Client::new(&engines.sdk_config());
    let created = client.create_queue().queue_name("q").attributes(QueueAttributeName::VisibilityTimeout, "60");
    let url = created.send().await.expect("created").queue_url.expect("a URL");
    for body in ["a", "b", "c"] {
        client.send_message().queue_url(&url).message_body(body).send().await.expect("sent");
    }
    (client, url)
}

async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let received = client.receive_message().queue_url(url).max_number_of_messages(10).send().await;
    received.expect("received").messages.unwrap_or_default()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

#[tokio::test]
async fn the_last_messages_may_come_first() {
    let engines = open(Storage::Memory);
    let (client, url) = queue(&engines).await;
    engines.faults().inject("ReceiveMessage", Fault::LastFirst, 1);
    assert_eq!(bodies(&receive(&client, &url).await), ["c", "b", "a"]);
}

#[tokio::test]
async fn a_deleted_message_may_come_again_at_once() {
    let engines = open(Storage::Memory);
    let (client, url) = queue(&engines).await;
    let received = receive(&client, &url).await;
    engines.faults().inject("DeleteMessage", Fault::Revived, 1);
    for message in &received {
        let handle = message.receipt_handle().expect("a handle");
        client.delete_message().queue_url(&url).receipt_handle(handle).send().await.expect("deleted");
    }
    let again = receive(&client, &url).await;
    assert_eq!(bodies(&again), ["a"]);
    assert_eq!(again[0].message_id(), received[0].message_id());
}

#[tokio::test]
async fn a_batch_may_fail_in_part() {
    let engines = open(Storage::Memory);
    let (client, url) = queue(&engines).await;
    let entry =
        |body: &str| SendMessageBatchRequestEntry::builder().id(body).message_body(body).build().expect("whole");
    engines.faults().inject("SendMessageBatch", Fault::Partly, 1);
    let sent = client.send_message_batch().queue_url(&url).entries(entry("d")).entries(entry("e")).send().await;
    let sent = sent.expect("answered");
    assert_eq!(sent.successful().iter().map(SendMessageBatchResultEntry::id).collect::<Vec<_>>(), ["e"]);
    assert_eq!((sent.failed()[0].id(), sent.failed()[0].sender_fault()), ("d", false));

    let received = receive(&client, &url).await;
    assert_eq!(bodies(&received), ["a", "b", "c", "e"]);
    engines.faults().inject("DeleteMessageBatch", Fault::Partly, 1);
    let mut deletion = client.delete_message_batch().queue_url(&url);
    for message in &received {
        let entry = DeleteMessageBatchRequestEntry::builder().id(message.body().expect("a body"));
        deletion = deletion.entries(entry.set_receipt_handle(message.receipt_handle.clone()).build().expect("whole"));
    }
    let deleted = deletion.send().await.expect("answered");
    assert_eq!((deleted.successful().len(), deleted.failed().len()), (2, 2));
}

#[tokio::test]
async fn an_index_may_show_what_was() {
    let engines = open(Storage::Memory);
    let client = aws_sdk_dynamodb::Client::new(&engines.sdk_config());
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("whole");
    let text = |name: &str| {
        let definition = AttributeDefinition::builder().attribute_name(name);
        definition.attribute_type(ScalarAttributeType::S).build().expect("whole")
    };
    let projection = Projection::builder().projection_type(ProjectionType::All).build();
    let index = GlobalSecondaryIndex::builder().index_name("due").key_schema(key("due", KeyType::Hash));
    let table = client.create_table().table_name("Items").billing_mode(BillingMode::PayPerRequest);
    let table = table.key_schema(key("PK", KeyType::Hash)).attribute_definitions(text("PK"));
    let table = table.attribute_definitions(text("due"));
    let table = table.global_secondary_indexes(index.projection(projection).build().expect("whole"));
    table.send().await.expect("created");
    engines.be_unkind(0).expect("a copy");
    let write = |id: &'static str, due: Option<&str>| {
        let due = due.map(|due| AttributeValue::S(due.to_owned()));
        let item = due.into_iter().map(|due| ("due".to_owned(), due));
        let item = item.chain([("PK".to_owned(), AttributeValue::S(id.to_owned()))]).collect();
        client.put_item().table_name("Items").set_item(Some(item)).send()
    };
    let found = async |fault| {
        engines.faults().inject("Query", fault, 1);
        let query = client.query().table_name("Items").index_name("due").key_condition_expression("due = :due");
        let answer = query.expression_attribute_values(":due", AttributeValue::S("now".to_owned())).send().await;
        answer.expect("answered").count()
    };
    write("a", Some("now")).await.expect("written");
    assert_eq!((found(Fault::Lag).await, found(Fault::Pass).await), (0, 1), "not there yet");
    for other in ["b", "c", "d"] {
        write(other, None).await.expect("written");
    }
    assert_eq!((found(Fault::Lag).await, found(Fault::Pass).await), (1, 1));
    write("a", None).await.expect("written");
    assert_eq!((found(Fault::Lag).await, found(Fault::Pass).await), (1, 0), "still there");
}
