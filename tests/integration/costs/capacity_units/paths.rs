//! Every access path, billed.

use chrono::TimeDelta;
use domain::reference::territory;
use http::Method;
use serde_json::{Value, json};

use super::world::{AGENT, MeteredWorld, Queue};

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
pub async fn writes(metered: &mut MeteredWorld) {
    let (mec, tet) = (metered.mec.clone(), metered.tet.clone());
    let body = ordinary("m-1");
    let made = metered.bill("create", Method::POST, "/projects", &mec, body.clone()).await;
    let path = format!("/projects/{}", made.text("id"));
    metered.settle().await;
    metered.bill("create again, identical", Method::POST, "/projects", &mec, body).await;
    let key = [("idempotency-key", "cle-1")];
    let body = ordinary("m-2");
    metered.bill_with("create with Idempotency-Key", Method::POST, "/projects", &mec, body.clone(), &key).await;
    metered.bill_with("the same, replayed", Method::POST, "/projects", &mec, body, &key).await;
    metered.settle().await;

    let made = metered.send(Method::POST, "/projects", &mec, bare("m-0"), &[]).await;
    let bare = format!("/projects/{}", made.text("id"));
    metered.settle().await;
    let name = "update of a bare project, one field";
    metered.bill(name, Method::PATCH, &bare, &mec, json!({"nom": "Rénovation de l'école"})).await;
    metered.settle().await;

    metered.bill(UPDATE, Method::PATCH, &path, &mec, json!({"nom": "Rénovation de l'école Schoepflin"})).await;
    let (calls, told) = metered.fan_out(Queue::Deliveries).await;
    assert_eq!(told, 3);
    metered.add(FAN_OUT, calls);
    metered.bill("update that changes nothing", Method::PATCH, &path, &mec, json!({})).await;
    let silent = json!({"statut": "Etudes pré-opérationnelles non initiées"});
    metered.bill("silent native change of statut", Method::PATCH, &path, &mec, silent).await;
    let statut = json!({"statut": "Opération démarrée"});
    metered.bill("change of statut", Method::PATCH, &path, &mec, statut).await;
    let porteur = json!({"porteur": {"referentEmail": "dan@strasbourg.eu", "referentPrenom": "Dan"}});
    metered.bill("update, another porteur", Method::PATCH, &path, &mec, porteur).await;
    let link = format!("{path}/links/tet");
    metered.bill("link", Method::PUT, &link, &tet, json!({"externalId": "t-1"})).await;
    metered.bill("unlink", Method::DELETE, &link, &tet, Value::Null).await;

    let rights = format!("{path}/permissions");
    let right = json!({"email": "bea@nantes.fr", "level": "READ"});
    metered.bill("grant", Method::PUT, &rights, &mec, right.clone()).await;
    metered.bill("grant again, identical", Method::PUT, &rights, &mec, right).await;
    metered.bill("remove a right", Method::DELETE, &rights, &mec, json!({"email": "bea@nantes.fr"})).await;
    metered.settle().await;

    let made = metered.send(Method::POST, "/projects", &mec, ordinary("m-3"), &[]).await;
    let doomed = format!("/projects/{}", made.text("id"));
    metered.settle().await;
    metered.bill("delete", Method::DELETE, &doomed, &mec, Value::Null).await;
    metered.settle().await;

    let made = metered.bill("create, a project at every limit", Method::POST, "/projects", &mec, largest()).await;
    let path = format!("/projects/{}", made.text("id"));
    let patch = json!({"nom": "Halle"});
    metered.bill("update of a project at every limit", Method::PATCH, &path, &mec, patch).await;
    metered.send(Method::DELETE, &path, &mec, Value::Null, &[]).await;
    metered.settle().await;
}

/// What the outbox, its retries and the sweeper cost.
pub async fn deliveries(metered: &mut MeteredWorld) {
    let mec = metered.mec.clone();
    metered.world.stack.engines().meter().start();
    metered.world.stack.run_schedule("OutboxSweeper").await.unwrap();
    let calls = metered.world.stack.engines().meter().stop();
    metered.add("sweep with nothing to do, 3 webhooks", calls);

    let failing = acceptance::receivers::Answer::Status(http::StatusCode::BAD_GATEWAY);
    let fine = acceptance::receivers::Answer::Status(http::StatusCode::OK);
    metered.world.receivers.answer("tet", vec![failing, fine]);
    let made = metered.send(Method::POST, "/projects", &mec, ordinary("m-4"), &[]).await;
    let (calls, told) = metered.fan_out(Queue::Deliveries).await;
    assert_eq!(told, 3);
    metered.add("fan-out to 3 receivers, one of which fails", calls);
    metered.world.pass(TimeDelta::seconds(90));
    let (calls, told) = metered.fan_out(Queue::Retries).await;
    assert_eq!(told, 1);
    metered.add("retry that succeeds", calls);

    // A retry looks for newer versions delivered meanwhile: what it reads grows with what was delivered since.
    metered.world.receivers.answer("tet", vec![failing, fine]);
    let path = format!("/projects/{}", made.text("id"));
    metered.send(Method::PATCH, &path, &mec, json!({"nom": "Halle"}), &[]).await;
    metered.fan_out(Queue::Deliveries).await;
    for n in 0..100 {
        metered.send(Method::POST, "/projects", &mec, ordinary(&format!("m-autre-{n}")), &[]).await;
    }
    metered.fan_out(Queue::Deliveries).await;
    metered.world.pass(TimeDelta::seconds(90));
    let (calls, told) = metered.fan_out(Queue::Retries).await;
    assert_eq!(told, 1);
    metered.add("retry after 100 later deliveries to the same webhook", calls);
    metered.settle().await;
}

/// Reads of one thing, and checks of rights.
pub async fn reads(metered: &mut MeteredWorld) {
    let (mec, sync) = (metered.mec.clone(), metered.mec_sync.clone());
    metered.bill("statuts (the key alone)", Method::GET, "/statuts", &mec, Value::Null).await;
    let by_external_id = "/projects/by-external-id/mec/m-1";
    let found = metered.bill("read by external id", Method::GET, by_external_id, &mec, Value::Null).await;
    let path = format!("/projects/{}", found.text("id"));
    metered.bill("read, for a user", Method::GET, &path, &mec, Value::Null).await;
    metered.bill("read, for the service", Method::GET, &path, &sync, Value::Null).await;
    let history =
        metered.bill("history of 6 versions", Method::GET, &format!("{path}/history"), &mec, Value::Null).await;
    assert_eq!(history.body["items"].as_array().map(Vec::len), Some(6));
    let right = json!({"email": AGENT, "level": "WRITE"});
    metered.bill("check", Method::POST, &format!("{path}/permissions/check"), &mec, right).await;
    metered.bill("webhooks of a service", Method::GET, "/webhooks", &metered.tet.clone(), Value::Null).await;
}

/// Lists over 500 projects more.
pub async fn lists(metered: &mut MeteredWorld) {
    let (mec, sync, tet) = (metered.mec.clone(), metered.mec_sync.clone(), metered.tet.clone());
    let items: Vec<Value> = (0..500).map(|n| ordinary(&format!("lot-{n}"))).collect();
    let bulk =
        metered.bill("bulk of 500 creations", Method::POST, "/projects/bulk", &mec, json!({"projects": items})).await;
    let ids: Vec<Value> = bulk.body["results"].as_array().unwrap().iter().take(100).map(|r| r["id"].clone()).collect();
    assert!(ids.iter().all(Value::is_string));
    // 1,500 webhooks that show nothing new.
    metered.purge(Queue::Deliveries).await;
    let many = json!({"email": AGENT, "projectIds": ids});
    metered.bill("check of 100 projects, all granted", Method::POST, "/permissions/check", &mec, many.clone()).await;
    let nobody = json!({"email": "bea@nantes.fr", "projectIds": many["projectIds"]});
    metered.bill("check of 100 projects, none granted", Method::POST, "/permissions/check", &mec, nobody).await;

    metered.bill("list of a user, page of 100", Method::GET, "/projects", &mec, Value::Null).await;
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
        let list = metered.bill(&format!("list {name}, page of 100"), Method::GET, &path, &sync, Value::Null).await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(100), "{name}");
        metered.about();
    }
    let none = "/projects?statut=TERMINE";
    metered.bill("list of a statut none has: walks all 604", Method::GET, none, &sync, Value::Null).await;
    metered.about();
    let none = "/projects?commune=75056";
    metered.bill("list of a commune none names", Method::GET, none, &sync, Value::Null).await;

    metered.world.pass(TimeDelta::minutes(1));
    let feed = metered.bill("events, page of 100", Method::GET, "/events?limit=100", &tet, Value::Null).await;
    assert_eq!(feed.body["items"].as_array().map(Vec::len), Some(100));
    metered.about();
    let end = feed.body["nextCursor"].as_str().unwrap().to_owned();
    let mut cursor = end;
    loop {
        let page = metered.send(Method::GET, &format!("/events?after={cursor}"), &tet, Value::Null, &[]).await;
        page.text("nextCursor").clone_into(&mut cursor);
        if page.body["items"].as_array().is_none_or(Vec::is_empty) {
            break;
        }
    }
    metered.world.pass(TimeDelta::seconds(10));
    metered.bill("events, nothing new", Method::GET, &format!("/events?after={cursor}"), &tet, Value::Null).await;
    metered.bill("digest, page of 100", Method::GET, "/digest?limit=100", &tet, Value::Null).await;
    metered.about();
    let hook = metered.send(Method::GET, "/webhooks", &tet, Value::Null, &[]).await;
    let hook = format!("/webhooks/{}", hook.body["items"][0]["id"].as_str().unwrap());
    metered.settle().await;
    metered
        .bill("deliveries of a webhook, page of 100", Method::GET, &format!("{hook}/deliveries"), &tet, Value::Null)
        .await;
}

/// Erasure of a person who is porteur of one project told of in two events.
pub async fn erasure(metered: &mut MeteredWorld) {
    let mec = metered.mec.clone();
    let mut body = ordinary("m-efface");
    body["porteur"]["referentEmail"] = json!("eve@nantes.fr");
    let made = metered.send(Method::POST, "/projects", &mec, body, &[]).await;
    let path = format!("/projects/{}", made.text("id"));
    metered.send(Method::PATCH, &path, &mec, json!({"nom": "Halle"}), &[]).await;
    metered.settle().await;
    let sync = metered.mec_sync.clone();
    let email = json!({"email": "eve@nantes.fr"});
    let name = "erase a porteur of 1 project, 2 events, 6 deliveries";
    let counts = metered.bill(name, Method::POST, "/people/erase", &sync, email.clone()).await;
    assert_eq!(
        counts.body,
        json!({"permissions": 1, "porteurs": 1, "events": 2, "deliveries": 6, "idempotencyRecords": 0})
    );
    metered.bill("erase again: nothing left", Method::POST, "/people/erase", &sync, email).await;
}
