//! What the procedures of docs/procedures say, done on the local stack: dead letters sent again, the key of access
//! tokens rotated, items of a newer version left alone.

use acceptance::api::{Api, Caller};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use chrono::{TimeDelta, Utc};
use domain::api_key::Scope;
use engines::Storage;
use http::{Method, StatusCode};
use passerelle::platform::clock::Clock;
use passerelle_local::demo::data::droits as demonstration;
use passerelle_local::demo::data::droits::{PASSWORD, PEOPLE, directory};
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_local::stand_ins::portail_df::PortailDf;
use serde_json::{Value, json};

/// docs/procedures/redrive.md
#[tokio::test]
async fn dead_letters_go_back_to_the_queue_they_came_from() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let sqs = aws_sdk_sqs::Client::new(stack.sdk());
    let variables = stack.variables("DataspaceSync");
    let (queue, dead) = (&variables["SYNCS_QUEUE_URL"], &variables["SYNCS_DEAD_LETTER_QUEUE_URL"]);
    for n in 0..3 {
        sqs.send_message().queue_url(dead).message_body(format!("{n}")).send().await.unwrap();
    }
    let arn = sqs.get_queue_attributes().queue_url(dead).attribute_names(QueueAttributeName::QueueArn).send().await;
    let arn = arn.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    let main = sqs.get_queue_attributes().queue_url(queue).attribute_names(QueueAttributeName::QueueArn).send().await;
    let main = main.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
    // Sent there by the function itself, so that the destination has to be named.
    sqs.start_message_move_task().source_arn(arn).destination_arn(main).send().await.unwrap();
    let count = async |url: &str| {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let answer = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await.unwrap();
        answer.attributes.unwrap()[&name].clone()
    };
    assert_eq!((count(dead).await.as_str(), count(queue).await.as_str()), ("0", "3"));
}

/// docs/procedures/rotate-access-token-key.md
#[tokio::test]
async fn tokens_of_the_older_key_open_until_it_is_taken_out() {
    let portail_df = PortailDf::start(directory()).await.unwrap();
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
    let minutes = std::sync::Arc::clone(&moved);
    let clock =
        Clock::from_fn(move || Utc::now() + TimeDelta::minutes(minutes.load(std::sync::atomic::Ordering::Relaxed)));
    let options = StackOptions::new(Storage::Memory, clock).with("PORTAIL_DF_URL", portail_df.url());
    let stack = Stack::start(options).await.unwrap();
    demonstration::load(&stack).await.unwrap();
    let api = Api::under("/droits/v1", stack.api());
    let sign_in = async || {
        let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
        let answer = api.send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await;
        answer.body["accessToken"].as_str().unwrap().to_owned()
    };
    let opens = async |token: &str| api.send(&Method::GET, "/housing/count", &Caller::key(token), None).await.status;
    let secrets = aws_sdk_secretsmanager::Client::new(stack.sdk());
    let secret = stack.variables("RightsChecker")["ACCESS_TOKEN_SECRET"].clone();
    let put = async |ring: &Value| {
        secrets.put_secret_value().secret_id(&secret).secret_string(ring.to_string()).send().await.unwrap();
    };
    // Running functions read a secret again after five minutes.
    let wait = || moved.fetch_add(6, std::sync::atomic::Ordering::Relaxed);

    let old = sign_in().await;
    let current = secrets.get_secret_value().secret_id(&secret).send().await.unwrap();
    let mut ring: Value = serde_json::from_str(current.secret_string().unwrap()).unwrap();
    ring["keys"].as_array_mut().unwrap().insert(0, json!({"id": "2027-01", "key": "AAAA".repeat(10) + "AQE="}));
    put(&ring).await;
    wait();
    // The call that finds the secret stale still answers with what is at hand.
    opens(&old).await;
    let new = sign_in().await;
    assert_ne!(kid(&old), kid(&new));
    assert_eq!((opens(&old).await, opens(&new).await), (StatusCode::OK, StatusCode::OK));

    ring["keys"].as_array_mut().unwrap().truncate(1);
    put(&ring).await;
    wait();
    opens(&new).await;
    assert_eq!((opens(&old).await, opens(&new).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

/// The id of the key that signed a token.
fn kid(token: &str) -> String {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

/// docs/procedures/schema-version.md
#[tokio::test]
async fn an_item_of_a_newer_version_is_neither_read_nor_written_over() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let api = Api::new(stack.api());
    let mec = Caller::key(&stack.issue_key("mec", Scope::Sync).await.unwrap());
    let body = json!({"externalId": "mec-1", "nom": "Halle", "statut": "IDEE",
        "collectivites": [{"type": "Commune", "code": "67482"}], "porteur": {"referentEmail": "a@strasbourg.fr"}});
    let made = api.send(&Method::POST, "/projects", &mec, Some(&body)).await;
    let path = format!("/projects/{}", made.body["id"].as_str().unwrap());
    let dynamodb = aws_sdk_dynamodb::Client::new(stack.sdk());
    let table = stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone();
    let version = |version: u32| AttributeValue::N(version.to_string());
    let items = dynamodb.scan().table_name(&table).send().await.unwrap().items.unwrap();
    let head = items.into_iter().find(|item| item["PK"].as_s().unwrap().starts_with("P#") && item.contains_key("all"));
    let head = head.expect("the project's own item");
    assert_eq!(head["schema"], version(1));
    let set = async |to: u32| {
        let mut item = head.clone();
        item.insert("schema".to_owned(), version(to));
        dynamodb.put_item().table_name(&table).set_item(Some(item)).send().await.unwrap();
    };

    set(2).await;
    let change = json!({"nom": "Autre"});
    for (method, body) in [(Method::GET, None), (Method::PATCH, Some(&change)), (Method::DELETE, None)] {
        assert_eq!(api.send(&method, &path, &mec, body).await.status, StatusCode::INTERNAL_SERVER_ERROR, "{method}");
    }
    set(1).await;
    let read = api.send(&Method::GET, &path, &mec, None).await;
    assert_eq!((read.status, &read.body["nom"]), (StatusCode::OK, &json!("Halle")));
}
