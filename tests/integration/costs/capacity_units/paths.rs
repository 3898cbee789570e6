//! Every access path, billed.

use chrono::TimeDelta;
use domain::reference::territory;
use http::Method;
use serde_json::{Value, json};

use super::world::{AGENT, Queue, World};

pub const UPDATE: &str = "update of a project with every member filled in";
pub const FAN_OUT: &str = "fan-out of one change to 3 receivers, first attempt succeeds";

/// A project with what is required and nothing else.
fn bare(external_id: &str) -> Value {
    json!({
        "externalId": external_id, "nom": "Rénovation de l'école Schoepflin", "statut": "Non démarré, intention",
        "collectivites": [{"type": "Commune", "code": "67482"}],
    })
}

/// A project with every member filled in, and a description of two sentences.
pub fn ordinary(external_id: &str) -> Value {
    json!({
        "externalId": external_id,
        "nom": "Rénovation énergétique de l'école élémentaire Schoepflin",
        "description": "Isolation des façades, remplacement des menuiseries et de la chaudière par une pompe à \
            chaleur. Le projet est éligible au fonds vert et s'inscrit dans le plan climat de l'agglomération.",
        "statut": "Non démarré, intention",
        "collectivites": [{"type": "Commune", "code": "67482"}],
        "porteur": {
            "siret": "24670048800017", "referentEmail": "claire.weber@strasbourg.eu", "referentTelephone": "+33388436000",
            "referentPrenom": "Claire", "referentNom": "Weber", "referentFonction": "Cheffe de projet",
        },
        "budgetPrevisionnel": 1_250_000, "dateDebutPrevisionnelle": "2027-03-01",
    })
}

/// A project at every limit of size: 500 communes of a few départements, 10,000 characters of three bytes each.
fn largest() -> Value {
    let communes: Vec<Value> = [67, 68, 57, 88]
        .iter()
        .flat_map(|departement| (1..700).map(move |n| format!("{departement}{n:03}")))
        .filter(|code| territory::commune(code).is_some_and(|commune| commune.code() == code))
        .take(500)
        .map(|code| json!({"type": "Commune", "code": code}))
        .collect();
    assert_eq!(communes.len(), 500);
    let mut project = ordinary("m-limite");
    project["collectivites"] = communes.into();
    project["nom"] = "é".repeat(500).into();
    project["description"] = "€".repeat(10_000).into();
    project
}

/// Writes of projects, links and rights.
pub async fn writes(world: &mut World) {
    let (mec, tet) = (world.mec.clone(), world.tet.clone());
    let body = ordinary("m-1");
    let made = world.bill("create", Method::POST, "/projects", &mec, body.clone()).await;
    let path = format!("/projects/{}", made.text("id"));
    world.settle().await;
    world.bill("create again, identical", Method::POST, "/projects", &mec, body).await;
    let key = [("idempotency-key", "cle-1")];
    let body = ordinary("m-2");
    world.bill_with("create with Idempotency-Key", Method::POST, "/projects", &mec, body.clone(), &key).await;
    world.bill_with("the same, replayed", Method::POST, "/projects", &mec, body, &key).await;
    world.settle().await;

    let made = world.send(Method::POST, "/projects", &mec, bare("m-0"), &[]).await;
    let bare = format!("/projects/{}", made.text("id"));
    world.settle().await;
    let name = "update of a bare project, one field";
    world.bill(name, Method::PATCH, &bare, &mec, json!({"nom": "Rénovation de l'école"})).await;
    world.settle().await;

    world.bill(UPDATE, Method::PATCH, &path, &mec, json!({"nom": "Rénovation de l'école Schoepflin"})).await;
    let (calls, told) = world.fan_out(Queue::Deliveries).await;
    assert_eq!(told, 3);
    world.add(FAN_OUT, calls);
    world.bill("update that changes nothing", Method::PATCH, &path, &mec, json!({})).await;
    let silent = json!({"statut": "Etudes pré-opérationnelles non initiées"});
    world.bill("silent native change of statut", Method::PATCH, &path, &mec, silent).await;
    let statut = json!({"statut": "Opération démarrée"});
    world.bill("change of statut", Method::PATCH, &path, &mec, statut).await;
    let porteur = json!({"porteur": {"referentEmail": "dan@strasbourg.eu", "referentPrenom": "Dan"}});
    world.bill("update, another porteur", Method::PATCH, &path, &mec, porteur).await;
    let link = format!("{path}/links/tet");
    world.bill("link", Method::PUT, &link, &tet, json!({"externalId": "t-1"})).await;
    world.bill("unlink", Method::DELETE, &link, &tet, Value::Null).await;

    let rights = format!("{path}/permissions");
    let right = json!({"email": "bea@nantes.fr", "level": "READ"});
    world.bill("grant", Method::PUT, &rights, &mec, right.clone()).await;
    world.bill("grant again, identical", Method::PUT, &rights, &mec, right).await;
    world.bill("remove a right", Method::DELETE, &rights, &mec, json!({"email": "bea@nantes.fr"})).await;
    world.settle().await;

    let made = world.send(Method::POST, "/projects", &mec, ordinary("m-3"), &[]).await;
    let doomed = format!("/projects/{}", made.text("id"));
    world.settle().await;
    world.bill("delete", Method::DELETE, &doomed, &mec, Value::Null).await;
    world.settle().await;

    let made = world.bill("create, a project at every limit", Method::POST, "/projects", &mec, largest()).await;
    let path = format!("/projects/{}", made.text("id"));
    let patch = json!({"nom": "Halle"});
    world.bill("update of a project at every limit", Method::PATCH, &path, &mec, patch).await;
    world.send(Method::DELETE, &path, &mec, Value::Null, &[]).await;
    world.settle().await;
}

/// What the outbox, its retries and the sweeper cost.
pub async fn deliveries(world: &mut World) {
    let mec = world.mec.clone();
    world.stack.engines().meter().start();
    world.stack.run_schedule("OutboxSweeper").await.unwrap();
    let calls = world.stack.engines().meter().stop();
    world.add("sweep with nothing to do, 3 webhooks", calls);

    let failing = acceptance::receivers::Answer::Status(http::StatusCode::BAD_GATEWAY);
    let fine = acceptance::receivers::Answer::Status(http::StatusCode::OK);
    world.receivers.answer("tet", vec![failing, fine]);
    let made = world.send(Method::POST, "/projects", &mec, ordinary("m-4"), &[]).await;
    let (calls, told) = world.fan_out(Queue::Deliveries).await;
    assert_eq!(told, 3);
    world.add("fan-out to 3 receivers, one of which fails", calls);
    world.pass(TimeDelta::seconds(90));
    let (calls, told) = world.fan_out(Queue::Retries).await;
    assert_eq!(told, 1);
    world.add("retry that succeeds", calls);

    // A retry looks for newer versions delivered meanwhile: what it reads grows with what was delivered since.
    world.receivers.answer("tet", vec![failing, fine]);
    let path = format!("/projects/{}", made.text("id"));
    world.send(Method::PATCH, &path, &mec, json!({"nom": "Halle"}), &[]).await;
    world.fan_out(Queue::Deliveries).await;
    for n in 0..100 {
        world.send(Method::POST, "/projects", &mec, ordinary(&format!("m-autre-{n}")), &[]).await;
    }
    world.fan_out(Queue::Deliveries).await;
    world.pass(TimeDelta::seconds(90));
    let (calls, told) = world.fan_out(Queue::Retries).await;
    assert_eq!(told, 1);
    world.add("retry after 100 later deliveries to the same webhook", calls);
    world.settle().await;
}

/// Reads of one thing, and checks of rights.
pub async fn reads(world: &mut World) {
    let (mec, sync) = (world.mec.clone(), world.mec_sync.clone());
    world.bill("statuts (the key alone)", Method::GET, "/statuts", &mec, Value::Null).await;
    let by_external_id = "/projects/by-external-id/mec/m-1";
    let found = world.bill("read by external id", Method::GET, by_external_id, &mec, Value::Null).await;
    let path = format!("/projects/{}", found.text("id"));
    world.bill("read, for a user", Method::GET, &path, &mec, Value::Null).await;
    world.bill("read, for the service", Method::GET, &path, &sync, Value::Null).await;
    let history = world.bill("history of 6 versions", Method::GET, &format!("{path}/history"), &mec, Value::Null).await;
    assert_eq!(history.body["items"].as_array().map(Vec::len), Some(6));
    let right = json!({"email": AGENT, "level": "WRITE"});
    world.bill("check", Method::POST, &format!("{path}/permissions/check"), &mec, right).await;
    world.bill("webhooks of a service", Method::GET, "/webhooks", &world.tet.clone(), Value::Null).await;
}

/// Lists over 500 projects more.
pub async fn lists(world: &mut World) {
    let (mec, sync, tet) = (world.mec.clone(), world.mec_sync.clone(), world.tet.clone());
    let items: Vec<Value> = (0..500).map(|n| ordinary(&format!("lot-{n}"))).collect();
    let bulk =
        world.bill("bulk of 500 creations", Method::POST, "/projects/bulk", &mec, json!({"projects": items})).await;
    let ids: Vec<Value> = bulk.body["results"].as_array().unwrap().iter().take(100).map(|r| r["id"].clone()).collect();
    assert!(ids.iter().all(Value::is_string));
    // 1,500 webhooks that show nothing new.
    world.purge(Queue::Deliveries).await;
    let many = json!({"email": AGENT, "projectIds": ids});
    world.bill("check of 100 projects, all granted", Method::POST, "/permissions/check", &mec, many.clone()).await;
    let nobody = json!({"email": "bea@nantes.fr", "projectIds": many["projectIds"]});
    world.bill("check of 100 projects, none granted", Method::POST, "/permissions/check", &mec, nobody).await;

    world.bill("list of a user, page of 100", Method::GET, "/projects", &mec, Value::Null).await;
    let filters = [
        ("all", ""),
        ("of a statut all have", "&statut=IDEE"),
        ("of a service all have", "&service=mec"),
        ("updated since before all", "&updatedSince=2026-11-01T00:00:00Z"),
        ("of a commune all name", "&commune=67482"),
        ("of an EPCI, all in it", "&epci=246700488"),
        ("of a département, all in it", "&departement=67"),
        ("of a région of 10 départements, all in it", "&region=44"),
    ];
    for (name, filter) in filters {
        let path = format!("/projects?limit=100{filter}");
        let list = world.bill(&format!("list {name}, page of 100"), Method::GET, &path, &sync, Value::Null).await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(100), "{name}");
        world.about();
    }
    let none = "/projects?statut=TERMINE";
    world.bill("list of a statut none has: walks all 604", Method::GET, none, &sync, Value::Null).await;
    world.about();
    let none = "/projects?commune=75056";
    world.bill("list of a commune none names", Method::GET, none, &sync, Value::Null).await;

    world.pass(TimeDelta::minutes(1));
    let feed = world.bill("events, page of 100", Method::GET, "/events?limit=100", &tet, Value::Null).await;
    assert_eq!(feed.body["items"].as_array().map(Vec::len), Some(100));
    world.about();
    let end = feed.body["nextCursor"].as_str().unwrap().to_owned();
    let mut cursor = end;
    loop {
        let page = world.send(Method::GET, &format!("/events?after={cursor}"), &tet, Value::Null, &[]).await;
        page.text("nextCursor").clone_into(&mut cursor);
        if page.body["items"].as_array().is_none_or(Vec::is_empty) {
            break;
        }
    }
    world.pass(TimeDelta::seconds(10));
    world.bill("events, nothing new", Method::GET, &format!("/events?after={cursor}"), &tet, Value::Null).await;
    world.bill("digest, page of 100", Method::GET, "/digest?limit=100", &tet, Value::Null).await;
    world.about();
    let hook = world.send(Method::GET, "/webhooks", &tet, Value::Null, &[]).await;
    let hook = format!("/webhooks/{}", hook.body["items"][0]["id"].as_str().unwrap());
    world.settle().await;
    world
        .bill("deliveries of a webhook, page of 100", Method::GET, &format!("{hook}/deliveries"), &tet, Value::Null)
        .await;
}

/// Erasure of a person who is porteur of one project told of in two events.
pub async fn erasure(world: &mut World) {
    let mec = world.mec.clone();
    let mut body = ordinary("m-efface");
    body["porteur"]["referentEmail"] = json!("eve@nantes.fr");
    let made = world.send(Method::POST, "/projects", &mec, body, &[]).await;
    let path = format!("/projects/{}", made.text("id"));
    world.send(Method::PATCH, &path, &mec, json!({"nom": "Halle"}), &[]).await;
    world.settle().await;
    let sync = world.mec_sync.clone();
    let email = json!({"email": "eve@nantes.fr"});
    let name = "erase a porteur of 1 project, 2 events, 6 deliveries";
    let counts = world.bill(name, Method::POST, "/people/erase", &sync, email.clone()).await;
    assert_eq!(
        counts.body,
        json!({"permissions": 1, "porteurs": 1, "events": 2, "deliveries": 6, "idempotencyRecords": 0})
    );
    world.bill("erase again: nothing left", Method::POST, "/people/erase", &sync, email).await;
}
