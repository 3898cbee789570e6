//! What a folder keeps: across a restart, across `kill -9`, and against damage.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use acceptance::moving_clock::MovingClock;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use engines::{Engines, OpenError, Storage};

use super::subject::{TemporaryFolder, open};

/// Names the folder to the child process that is going to be killed.
const CRASH_FOLDER: &str = "PASSERELLE_CRASH_FOLDER";
/// How many writes the parent waits for before it kills.
const ACKNOWLEDGEMENTS: usize = 200;
const QUEUE: &str = "q";
const TABLE: &str = "items";

async fn prepare(engines: &Engines) -> (aws_sdk_sqs::Client, String, aws_sdk_dynamodb::Client) {
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let dynamodb = aws_sdk_dynamodb::Client::new(&engines.sdk_config());
    let url = sqs.create_queue().queue_name(QUEUE).send().await.expect("created").queue_url.expect("a URL");
    let key = KeySchemaElement::builder().attribute_name("PK").key_type(KeyType::Hash).build().expect("a key");
    let attribute = AttributeDefinition::builder().attribute_name("PK").attribute_type(ScalarAttributeType::S);
    let table = dynamodb.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest).key_schema(key);
    table.attribute_definitions(attribute.build().expect("an attribute")).send().await.expect("created");
    (sqs, url, dynamodb)
}

async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
    receive.send().await.expect("received").messages.unwrap_or_default()
}

#[tokio::test]
async fn a_restart_changes_nothing_but_frees_what_was_in_flight() {
    let folder = TemporaryFolder::new();
    let noon = "2026-11-20T12:00:00Z".parse().expect("an instant");
    let clock = MovingClock::at(noon);
    let open = || {
        let now = clock.clock();
        Engines::open(Storage::Directory(folder.path()), move || now.now()).expect("engines open")
    };
    {
        let engines = open();
        let (sqs, url, dynamodb) = prepare(&engines).await;
        for body in ["deleted", "in flight", "postponed"] {
            sqs.send_message().queue_url(&url).message_body(body).send().await.expect("sent");
        }
        sqs.send_message().queue_url(&url).message_body("delayed").delay_seconds(600).send().await.expect("sent");
        for message in receive(&sqs, &url).await {
            let handle = message.receipt_handle().expect("a handle");
            match message.body() {
                Some("deleted") => {
                    sqs.delete_message().queue_url(&url).receipt_handle(handle).send().await.expect("deleted");
                }
                Some("postponed") => {
                    let change = sqs.change_message_visibility().queue_url(&url).receipt_handle(handle);
                    change.visibility_timeout(300).send().await.expect("postponed");
                }
                _ => {}
            }
        }
        let secrets = aws_sdk_secretsmanager::Client::new(&engines.sdk_config());
        secrets.create_secret().name("s").secret_string("one").send().await.expect("created");
        secrets.put_secret_value().secret_id("s").secret_string("two").send().await.expect("put");
        let item = dynamodb.put_item().table_name(TABLE).item("PK", AttributeValue::S("p".to_owned()));
        item.send().await.expect("written");
    }
    let engines = open();
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let url = sqs.get_queue_url().queue_name(QUEUE).send().await.expect("found").queue_url.expect("a URL");
    let mut expected = vec![("in flight", 0), ("postponed", 300), ("delayed", 600)];
    for (body, seconds) in expected.drain(..) {
        clock.move_to(noon + chrono::TimeDelta::seconds(seconds));
        let messages = receive(&sqs, &url).await;
        let found = messages.iter().find(|message| message.body() == Some(body)).expect(body);
        let count = found.attributes().and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount));
        let counted = if body == "delayed" { "1" } else { "2" };
        assert_eq!(count.map(String::as_str), Some(counted), "receives are counted across the restart");
        assert!(messages.iter().all(|message| message.body() != Some("deleted")));
        for message in messages {
            let deletion = sqs.delete_message().queue_url(&url).set_receipt_handle(message.receipt_handle);
            deletion.send().await.expect("deleted");
        }
    }
    let secrets = aws_sdk_secretsmanager::Client::new(&engines.sdk_config());
    for (stage, value) in [("AWSCURRENT", "two"), ("AWSPREVIOUS", "one")] {
        let read = secrets.get_secret_value().secret_id("s").version_stage(stage).send().await.expect("read");
        assert_eq!(read.secret_string(), Some(value));
    }
    let dynamodb = aws_sdk_dynamodb::Client::new(&engines.sdk_config());
    assert_eq!(dynamodb.scan().table_name(TABLE).send().await.expect("scanned").count(), 1);
}

/// The process that is going to be killed: it acknowledges on its output whatever was acknowledged to it.
/// Run by the test below; on its own it has no folder and nothing to do.
#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(CRASH_FOLDER) else { return };
    let engines = open(Storage::Directory(folder.into()));
    let (sqs, url, dynamodb) = prepare(&engines).await;
    for number in 0_u32.. {
        let id = number.to_string();
        let message = sqs.send_message().queue_url(&url).message_body(&id).send();
        let item = dynamodb.put_item().table_name(TABLE).item("PK", AttributeValue::S(id.clone())).send();
        let (sent, written) = tokio::join!(message, item);
        sent.expect("sent");
        written.expect("written");
        let mut output = std::io::stdout();
        writeln!(output, "acknowledged {id}").and_then(|()| output.flush()).expect("the parent reads");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = TemporaryFolder::new();
    let acknowledged = acknowledged_before_kill(&folder.path());
    assert_eq!(acknowledged.len(), ACKNOWLEDGEMENTS, "the child worked until it was killed");
    let engines = open(Storage::Directory(folder.path()));
    let sqs = aws_sdk_sqs::Client::new(&engines.sdk_config());
    let dynamodb = aws_sdk_dynamodb::Client::new(&engines.sdk_config());
    let url = sqs.get_queue_url().queue_name(QUEUE).send().await.expect("found").queue_url.expect("a URL");
    let mut messages = std::collections::HashSet::new();
    loop {
        let page = receive(&sqs, &url).await;
        if page.is_empty() {
            break;
        }
        messages.extend(page.into_iter().filter_map(|message| message.body));
    }
    for id in acknowledged {
        assert!(messages.contains(&id), "message {id} is lost");
        let read = dynamodb.get_item().table_name(TABLE).key("PK", AttributeValue::S(id.clone())).send().await;
        assert!(read.expect("read").item.is_some(), "item {id} is lost");
    }
}

fn acknowledged_before_kill(folder: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "engines::crash::child_that_writes_until_it_is_killed", "--nocapture"])
        .env(CRASH_FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the child starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let acknowledged = output
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| line.split_once("acknowledged ").map(|(_, id)| id.to_owned()))
        .take(ACKNOWLEDGEMENTS)
        .collect();
    // On Unix this is SIGKILL: nothing is flushed, nothing is dropped.
    child.kill().expect("killed");
    child.wait().expect("gone");
    acknowledged
}

#[tokio::test]
async fn a_folder_has_one_owner_at_a_time() {
    let folder = TemporaryFolder::new();
    let first = open(Storage::Directory(folder.path()));
    let refused = Engines::open(Storage::Directory(folder.path()), chrono::Utc::now);
    let Err(error @ OpenError::Held { .. }) = refused else { panic!("the folder is taken") };
    assert!(error.to_string().contains("déjà utilisé"), "{error}");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    drop(first);
    open(Storage::Directory(folder.path()));
}

#[tokio::test]
async fn damage_is_told_in_one_sentence_that_names_the_file() {
    for file in ["dynamodb.sqlite", "queues-and-secrets.sqlite"] {
        let folder = TemporaryFolder::new();
        {
            let engines = open(Storage::Directory(folder.path()));
            let (sqs, url, _) = prepare(&engines).await;
            sqs.send_message().queue_url(&url).message_body("x".repeat(50_000)).send().await.expect("sent");
            let name = QueueAttributeName::All;
            sqs.get_queue_attributes().queue_url(&url).attribute_names(name).send().await.expect("read");
        }
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("the file is there");
        let end = bytes.len();
        bytes[4_096..end].fill(0x5A);
        std::fs::write(&path, bytes).expect("damaged");
        let opened = Engines::open(Storage::Directory(folder.path()), chrono::Utc::now);
        let Err(error) = opened else { panic!("{file}: the damage goes unseen") };
        let message = error.to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        assert!(message.contains("endommagé"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
