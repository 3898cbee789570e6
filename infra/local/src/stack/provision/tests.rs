//! Against engines in memory and on file.

use engines::{Engines, Storage};
use sam_template::EMBEDDED;

use super::*;

async fn provisioned(storage: Storage, text: &str) -> (Result<Names, StackError>, SdkConfig) {
    let engines = Engines::open(storage, chrono::Utc::now).unwrap();
    let sdk = engines.sdk_config();
    let template = Template::parse(text).unwrap();
    (provision(&template, &sdk, &Clock::system()).await, sdk)
}

async fn secret(sdk: &SdkConfig) -> String {
    let client = aws_sdk_secretsmanager::Client::new(sdk);
    let value = client.get_secret_value().secret_id("EmailHmacSecret").send().await.unwrap();
    value.secret_string.unwrap()
}

#[tokio::test]
async fn the_template_s_resources_exist_as_written() {
    let (names, sdk) = provisioned(Storage::Memory, EMBEDDED).await;
    let names = names.unwrap();
    let url = |queue: &str| sam_template::Expression::Ref(queue.to_owned()).resolve(&names).unwrap();
    let client = aws_sdk_sqs::Client::new(&sdk);
    let attributes = client
        .get_queue_attributes()
        .queue_url(url("DeliveriesQueue"))
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "180");
    assert!(attributes[&QueueAttributeName::RedrivePolicy].contains("DeliveriesDeadLetterQueue"));
    let client = aws_sdk_dynamodb::Client::new(&sdk);
    let table = client.describe_table().table_name("CommunsTable").send().await.unwrap().table.unwrap();
    assert_eq!(table.global_secondary_indexes().len(), 3);
    let ring: serde_json::Value = serde_json::from_str(&secret(&sdk).await).unwrap();
    let key = STANDARD.decode(ring["keys"][0]["key"].as_str().unwrap()).unwrap();
    assert_eq!(key.len(), 32);
}

#[tokio::test]
async fn a_second_start_finds_everything_and_refuses_other_keys() {
    let folder = std::env::temp_dir().join(format!("passerelle-{}", uuid::Uuid::new_v4()));
    let storage = Storage::Directory(folder.clone());
    let (first, sdk) = provisioned(storage.clone(), EMBEDDED).await;
    first.unwrap();
    let kept = secret(&sdk).await;
    drop(sdk);
    let (second, sdk) = provisioned(storage.clone(), EMBEDDED).await;
    second.unwrap();
    assert_eq!(secret(&sdk).await, kept);
    drop(sdk);
    let other = EMBEDDED.replace("IndexName: territory", "IndexName: elsewhere");
    let (third, sdk) = provisioned(storage, &other).await;
    assert!(matches!(third, Err(StackError::TableChanged(table)) if table == "CommunsTable"));
    drop(sdk);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn tables_whose_keys_are_lost_are_refused_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::Directory(folder.path().to_owned());
    let (first, sdk) = provisioned(storage.clone(), EMBEDDED).await;
    first.unwrap();
    drop(sdk);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("queues-and-secrets") {
            std::fs::remove_file(path).unwrap();
        }
    }
    for _ in 0..2 {
        let (started, sdk) = provisioned(storage.clone(), EMBEDDED).await;
        assert!(matches!(started, Err(StackError::KeysLost)), "{started:?}");
        drop(sdk);
    }
}
