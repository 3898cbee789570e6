//! The binary of droits: HTTP, a batch and a schedule, told apart by their shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use passerelle_local::demo::data::droits as demonstration;
use serde_json::{Value, json};

use super::events::{answer, sample};
use super::{Deployment, assert_metric, written};

#[tokio::test(flavor = "multi_thread")]
async fn the_built_function_signs_in_exports_and_takes_its_other_events() {
    let deployment = Deployment::new().await;
    demonstration::load(&deployment.stack).await.unwrap();
    let mut rights = deployment.start("rights-checker", "RightsChecker").await;

    // Nobody listens where Portail DF would be: the sign-in goes on with what is stored.
    let (status, session) = answer(&rights.invoke(sample("rights-checker.http.json")).await.unwrap());
    assert_eq!((status, &session["rightsChecked"]), (200, &json!(false)), "{session}");

    let mut export = sample("rights-checker.http.json");
    let path = "/droits/v1/housing/export";
    export["rawPath"] = path.into();
    export["requestContext"]["http"]["method"] = "GET".into();
    export["requestContext"]["http"]["path"] = path.into();
    export["headers"]["authorization"] = format!("Bearer {}", session["accessToken"].as_str().unwrap()).into();
    export["body"] = Value::Null;
    let outcome = rights.invoke(export).await.unwrap();
    assert_eq!((&outcome["statusCode"], &outcome["isBase64Encoded"]), (&json!(200), &json!(true)), "{outcome}");
    let file = STANDARD.decode(outcome["body"].as_str().unwrap()).unwrap();
    assert!(file.starts_with(b"PK"), "a workbook is a zip");

    let outcome = rights.invoke(sample("rights-checker.mails.sqs.json")).await.unwrap();
    assert_eq!(outcome["batchItemFailures"], json!([]));
    rights.invoke(sample("rights-checker.schedule.json")).await.unwrap();
    assert!(rights.invoke(json!({"inconnu": true})).await.is_err(), "an event that is none of these is refused");
    assert_metric(&written(&rights, "PortailDfCalls").await, "PortailDfFailures", &json!(1));
}
