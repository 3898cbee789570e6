//! The Secrets Manager that the keys of the functions come from.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata as _;
use aws_sdk_secretsmanager::primitives::Blob;
use uuid::Uuid;

use super::on_every_subject;
use super::subject::unique;

async fn value(client: &Client, name: &str, stage: &str) -> Option<String> {
    let answer = client.get_secret_value().secret_id(name).version_stage(stage).send().await.ok()?;
    answer.secret_string
}

#[tokio::test]
async fn a_new_value_becomes_current_and_the_old_one_previous() {
    on_every_subject(|subject| async move {
        let (client, name) = (subject.secrets(), unique("secret"));
        let created = client.create_secret().name(&name).secret_string("one").send().await.expect("created");
        let arn = created.arn().expect("an ARN").to_owned();
        let put = client.put_secret_value().secret_id(&name).secret_string("two").send().await.expect("put");

        assert_eq!(value(&client, &name, "AWSCURRENT").await.as_deref(), Some("two"));
        assert_eq!(value(&client, &name, "AWSPREVIOUS").await.as_deref(), Some("one"));
        let by_arn = client.get_secret_value().secret_id(&arn).send().await.expect("found by its ARN");
        assert_eq!(by_arn.secret_string(), Some("two"));
        assert_eq!(by_arn.version_id(), put.version_id());
        assert_eq!(by_arn.version_stages(), ["AWSCURRENT"]);

        let described = client.describe_secret().secret_id(&name).send().await.expect("described");
        assert_eq!(described.version_ids_to_stages().map(std::collections::HashMap::len), Some(2));
    })
    .await;
}

#[tokio::test]
async fn a_token_makes_one_version() {
    on_every_subject(|subject| async move {
        let (client, name) = (subject.secrets(), unique("secret"));
        client.create_secret().name(&name).secret_string("one").send().await.expect("created");
        let token = Uuid::new_v4().to_string();
        let put = |text: &'static str| {
            client.put_secret_value().secret_id(&name).client_request_token(&token).secret_string(text).send()
        };
        put("two").await.expect("the first call");
        put("two").await.expect("the same call again");
        // MiniStack overwrites the version; AWS keeps versions as they were written.
        if !subject.is_external() {
            assert_eq!(put("three").await.expect_err("another value").code(), Some("ResourceExistsException"));
        }
        let again = client.create_secret().name(&name).secret_string("x").send().await;
        assert_eq!(again.expect_err("the name is taken").code(), Some("ResourceExistsException"));
    })
    .await;
}

#[tokio::test]
async fn bytes_come_back_as_they_were_given() {
    on_every_subject(|subject| async move {
        let (client, name) = (subject.secrets(), unique("secret"));
        let bytes = Blob::new(vec![0, 255, 10, 13, 0]);
        client.create_secret().name(&name).secret_binary(bytes.clone()).send().await.expect("created");
        let read = client.get_secret_value().secret_id(&name).send().await.expect("read");
        assert_eq!(read.secret_binary(), Some(&bytes));
        assert_eq!(read.secret_string(), None);
    })
    .await;
}
