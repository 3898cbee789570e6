//! The events feed is complete: a writer that commits late is not skipped.

use std::time::Duration;

use acceptance::api::{Api, Caller};
use acceptance::world::World;
use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Scope;
use engines::Fault;
use http::{Method, StatusCode};
use serde_json::{Value, json};

fn project(external_id: &str) -> Value {
    let commune = json!({"type": "Commune", "code": "67482"});
    json!({"externalId": external_id, "nom": external_id, "statut": "IDEE", "collectivites": [commune]})
}

/// The names of the projects the feed shows after a cursor, and the next cursor.
async fn feed(api: &Api, caller: &Caller, after: Option<&str>) -> (Vec<String>, String) {
    let path = after.map_or_else(|| "/events".to_owned(), |after| format!("/events?after={after}"));
    let answer = api.send(&Method::GET, &path, caller, None).await;
    let items = answer.body["items"].as_array().expect("items");
    let name = |item: &Value| item["data"]["project"]["nom"].as_str().expect("a name").to_owned();
    (items.iter().map(name).collect(), answer.text("nextCursor").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_writer_is_not_skipped() {
    let world = World::start().await;
    let (stack, clock, start) = (&world.stack, &world.clock, world.clock.now());
    let api = world.communs();
    let mec = world.caller("mec", Scope::Sync).await;
    let tet = world.caller("tet", Scope::Sync).await;

    // The first writer has stamped its event when its commit is held up.
    stack.engines().faults().inject("TransactWriteItems", Fault::Delay(Duration::from_millis(100)), 1);
    let late = {
        let (api, mec) = (api.clone(), mec.clone());
        tokio::spawn(async move { api.send(&Method::POST, "/projects", &mec, Some(&project("late"))).await })
    };
    while stack.engines().faults().waiting("TransactWriteItems") > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    clock.move_to(start + TimeDelta::seconds(4));
    let quick = api.send(&Method::POST, "/projects", &mec, Some(&project("quick"))).await;
    assert_eq!(quick.status, StatusCode::CREATED);

    // A reader comes in between: the quick one is committed, but not shown before the late one could be.
    clock.move_to(start + TimeDelta::seconds(8));
    let (shown, cursor) = feed(&api, &tet, None).await;
    assert!(shown.is_empty(), "{shown:?}");
    assert_eq!(late.await.expect("answered").status, StatusCode::CREATED);

    clock.move_to(start + TimeDelta::seconds(14));
    let (shown, cursor) = feed(&api, &tet, Some(&cursor)).await;
    assert_eq!(shown, ["late", "quick"]);
    let (shown, _) = feed(&api, &tet, Some(&cursor)).await;
    assert!(shown.is_empty(), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_commit_begins_late_is_stamped_anew() {
    let world = World::start().await;
    let start = world.clock.now();
    let mec = world.caller("mec", Scope::Sync).await;

    // The event has its instant when the reading of the webhooks is held up, longer than a stamp is good for.
    let faults = world.stack.engines().faults();
    faults.inject("Query", Fault::Delay(Duration::from_millis(100)), 1);
    let late = {
        let (api, mec) = (world.communs(), mec.clone());
        tokio::spawn(async move { api.send(&Method::POST, "/projects", &mec, Some(&project("late"))).await })
    };
    while faults.waiting("Query") > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    world.pass(TimeDelta::milliseconds(501));
    let made = late.await.expect("answered");
    assert_eq!(made.status, StatusCode::CREATED);
    let stamped: DateTime<Utc> = made.text("updatedAt").parse().expect("an instant");
    assert_eq!(stamped, start + TimeDelta::milliseconds(501), "a gap of the feed, for whoever reads up to its lag");
}
