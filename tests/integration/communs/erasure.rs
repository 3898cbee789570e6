//! Erasing a person reaches what a request no longer shows: events of a former porteur, kept answers.

use acceptance::api::{Api, Caller};
use acceptance::world::World;
use domain::api_key::Scope;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const BEA: &str = "bea@nantes.fr";

fn project(external_id: &str, porteur: &str) -> Value {
    let commune = json!({"type": "Commune", "code": "44109"});
    json!({
        "externalId": external_id, "nom": "Halle", "statut": "IDEE", "collectivites": [commune],
        "porteur": {"referentEmail": porteur, "referentNom": "Le Goff"},
    })
}

async fn start() -> (World, Api, Caller) {
    let world = World::start().await;
    let (api, mec) = (world.communs(), world.caller("mec", Scope::Sync).await);
    (world, api, mec)
}

async fn erase(api: &Api, caller: &Caller, email: &str) -> Value {
    let answer = api.send(&Method::POST, "/people/erase", caller, Some(&json!({"email": email}))).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.body
}

#[tokio::test]
async fn a_former_porteur_is_taken_out_of_the_events_that_still_name_them() {
    let (_world, api, mec) = start().await;
    let made = api.send(&Method::POST, "/projects", &mec, Some(&project("m-1", BEA))).await;
    let path = format!("/projects/{}", made.text("id"));
    let patch = json!({"porteur": {"referentEmail": "chloe@lyon.fr"}});
    assert_eq!(api.send(&Method::PATCH, &path, &mec, Some(&patch)).await.status, StatusCode::OK);

    let erased = erase(&api, &mec, BEA).await;
    let counts = json!({"permissions": 0, "porteurs": 0, "events": 1, "deliveries": 0, "idempotencyRecords": 0});
    assert_eq!(erased, counts, "no right and no porteur is left, one event still named them");
    let shown = api.send(&Method::GET, &path, &mec, None).await;
    assert_eq!(shown.body["porteur"]["referentEmail"], "chloe@lyon.fr", "the present porteur stays");
    assert_eq!(shown.body["version"], 2);
    assert!(erase(&api, &mec, BEA).await.as_object().expect("counts").values().all(|count| count == 0));
}

#[tokio::test]
async fn a_kept_answer_is_replayed_without_the_person() {
    let (_world, api, mec) = start().await;
    let body = project("m-1", BEA);
    let post =
        async || api.send_with(&Method::POST, "/projects", &mec, Some(&body), &[("idempotency-key", "une-cle")]).await;
    assert_eq!(post().await.body["porteur"]["referentEmail"], BEA);
    assert_eq!(erase(&api, &mec, " BEA@nantes.fr").await["idempotencyRecords"], 1);

    let replayed = post().await;
    assert_eq!((replayed.status, &replayed.body["porteur"]), (StatusCode::CREATED, &Value::Null));
    assert_eq!(replayed.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn a_person_is_erased_from_a_deleted_project_too() {
    let (_world, api, mec) = start().await;
    let made = api.send(&Method::POST, "/projects", &mec, Some(&project("m-1", BEA))).await;
    let path = format!("/projects/{}", made.text("id"));
    assert_eq!(api.send(&Method::DELETE, &path, &mec, None).await.status, StatusCode::NO_CONTENT);
    let erased = erase(&api, &mec, BEA).await;
    assert_eq!((&erased["events"], &erased["porteurs"]), (&json!(1), &json!(0)));
}
