//! A store that is throttled or out of reach is no fault of the caller's: 503, and when to come back.

use acceptance::world::World;
use domain::api_key::Scope;
use engines::Fault;
use http::{Method, StatusCode};
use serde_json::json;

/// More than the SDK tries by itself.
const CALLS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_answer_is_503_with_retry_after() {
    let world = World::start().await;
    let (api, stack) = (world.communs(), &world.stack);
    let mec = world.caller("mec", Scope::Sync).await;
    let commune = json!({"type": "Commune", "code": "67482"});
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE", "collectivites": [commune]});

    for (operation, fault) in [
        ("GetItem", Fault::Throttle),
        ("GetItem", Fault::ServerError),
        ("TransactWriteItems", Fault::Throttle),
        ("TransactWriteItems", Fault::ServerError),
    ] {
        stack.engines().faults().inject(operation, fault.clone(), CALLS);
        let answer = api.send(&Method::POST, "/projects", &mec, Some(&project)).await;
        stack.engines().faults().clear();
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{operation} {fault:?}");
        assert_eq!(answer.body["type"], "/problems/unavailable", "{operation} {fault:?}");
        assert_eq!(answer.headers["retry-after"], "1", "{operation} {fault:?}");
    }
    let answer = api.send(&Method::POST, "/projects", &mec, Some(&project)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "well again");
}
