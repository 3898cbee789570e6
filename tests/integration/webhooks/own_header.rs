//! The header a receiver asks for goes with whatever it is sent, and lies nowhere in clear.

use acceptance::world::World;
use domain::api_key::Scope;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const VALUE: &str = "Bearer secret-du-recepteur";

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_with_deliveries_replays_and_pings_and_lies_nowhere_in_clear() {
    let world = World::start().await;
    let api = world.communs();
    let (tet, mec) = (world.caller("tet", Scope::Sync).await, world.caller("mec", Scope::Sync).await);
    let header = json!({"name": "Authorization", "value": VALUE});
    let body = json!({"url": world.receivers.url("tet"), "header": header});
    let made = api.send(&Method::POST, "/webhooks", &tet, Some(&body)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let hook = format!("/webhooks/{}", made.text("id"));
    let received = || {
        let requests = world.receivers.take();
        let of = |name: &str| requests.iter().map(|request| request.headers.get(name).cloned()).collect::<Vec<_>>();
        (of("authorization"), of("x-cle"))
    };
    let here = || Some(VALUE.parse().unwrap());

    let commune = json!({"type": "Commune", "code": "67482"});
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE", "collectivites": [commune]});
    assert_eq!(api.send(&Method::POST, "/projects", &mec, Some(&project)).await.status, StatusCode::CREATED);
    world.stack.drain().await.unwrap();
    assert_eq!(received(), (vec![here()], vec![None]));
    assert_eq!(api.send(&Method::POST, &format!("{hook}/test"), &tet, None).await.status, StatusCode::OK);
    assert_eq!(received(), (vec![here()], vec![None]));
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    assert_eq!(
        api.send(&Method::POST, &format!("{hook}/replay"), &tet, Some(&since)).await.status,
        StatusCode::ACCEPTED
    );
    world.stack.drain().await.unwrap();
    assert_eq!(received(), (vec![here()], vec![None]));

    let dynamodb = aws_sdk_dynamodb::Client::new(world.stack.sdk());
    let items = dynamodb.scan().table_name("CommunsTable").send().await.unwrap().items.unwrap();
    assert!(items.iter().any(|item| item.contains_key("header")));
    assert!(!format!("{items:?}").contains("secret-du-recepteur"));
    for path in [hook.clone(), "/webhooks".to_owned(), format!("{hook}/deliveries")] {
        let shown = api.send(&Method::GET, &path, &tet, None).await;
        assert!(!shown.whole_text().contains("secret-du-recepteur"), "{path}");
    }

    // Changed, then removed: the next attempt already.
    let ping = async |header: Value| {
        let changed = api.send(&Method::PATCH, &hook, &tet, Some(&json!({"header": header}))).await;
        assert_eq!(changed.status, StatusCode::OK);
        api.send(&Method::POST, &format!("{hook}/test"), &tet, None).await;
        received()
    };
    let other = json!({"name": "X-Cle", "value": "autre"});
    assert_eq!(ping(other.clone()).await, (vec![None], vec![Some("autre".parse().unwrap())]));
    let stored = || async {
        let items = dynamodb.scan().table_name("CommunsTable").send().await.unwrap().items.unwrap();
        items.into_iter().find_map(|item| Some((item.get("header")?.clone(), item.get("revision")?.clone())))
    };
    let before = stored().await;
    ping(other).await;
    assert_eq!(stored().await, before, "given again, it is written again by nobody");
    assert_eq!(ping(Value::Null).await, (vec![None], vec![None]));
    assert_eq!(stored().await, None);
}
