//! The binary of the coop: HTTP, batches and schedules, told apart by their shape.

use domain::api_key::Scope;
use serde_json::json;

use super::events::{answer, id_and_body, sample, sqs};
use super::{Deployment, assert_metric, written};

#[tokio::test(flavor = "multi_thread")]
async fn the_built_function_registers_a_user_and_runs_its_night() {
    let deployment = Deployment::new().await;
    let mut coop = deployment.start("dataspace-sync", "DataspaceSync").await;
    let key = deployment.stack.issue_key("coop", Scope::Sync).await.unwrap();
    let mut event = sample("dataspace-sync.http.json");
    let (status, problem) = answer(&coop.invoke(event.clone()).await.unwrap());
    assert_eq!((status, &problem["type"]), (401, &json!("/problems/unauthenticated")));
    event["headers"]["authorization"] = format!("Bearer {key}").into();
    let (status, view) = answer(&coop.invoke(event).await.unwrap());
    assert_eq!((status, &view["user"]["nom"]), (201, &json!("Durand")), "{view}");

    // The samples as they stand name a run and a contact that do not exist.
    for name in ["dataspace-sync.syncs.sqs.json", "dataspace-sync.contacts.sqs.json"] {
        let outcome = coop.invoke(sample(name)).await.unwrap();
        assert_eq!(outcome["batchItemFailures"], json!([]), "{name}");
    }
    coop.invoke(sample("dataspace-sync.schedule.json")).await.unwrap();

    // Nobody listens where the Dataspace would be: the user of this night fails, and the run says so.
    coop.invoke(sample("dataspace-sync.nightly.json")).await.unwrap();
    let messages = deployment.receive("DataspaceSync", "SYNCS_QUEUE_URL").await;
    assert_eq!(messages.len(), 1, "{messages:?}");
    let turn = sqs("dataspace-sync.syncs.sqs.json", messages.iter().map(id_and_body));
    let outcome = coop.invoke(turn).await.unwrap();
    assert_eq!(outcome["batchItemFailures"], json!([]));
    let mut runs = sample("dataspace-sync.http.json");
    runs["rawPath"] = "/coop/v1/sync-runs".into();
    runs["requestContext"]["http"]["path"] = "/coop/v1/sync-runs".into();
    runs["requestContext"]["http"]["method"] = "GET".into();
    runs["headers"]["authorization"] = format!("Bearer {key}").into();
    let (status, list) = answer(&coop.invoke(runs).await.unwrap());
    let run = &list["items"][0];
    assert_eq!((status, &run["status"], &run["failed"]), (200, &json!("completed"), &json!(1)), "{list}");
    let written = written(&coop, "SyncRunsCompleted").await;
    assert_metric(&written, "SyncRunsStarted", &json!(1));
    assert_metric(&written, "DataspaceFailures", &json!(1));
}
