//! Who made a change: kept with its history, told to operators, taken out when the person is erased.

use std::time::Duration;

use acceptance::api::{Api, Caller};
use acceptance::world::World;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::api_key::Scope;
use engines::Fault;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const AGENT: &str = "agent@strasbourg.eu";
const BEA: &str = "bea@nantes.fr";

struct Scene {
    world: World,
    api: Api,
    mec: Caller,
    operator: Caller,
}

impl Scene {
    async fn start() -> Self {
        let world = World::start().await;
        let mec = world.caller("mec", Scope::Sync).await;
        let operator = world.caller("exploitation", Scope::Manage).await;
        Self { api: world.communs(), mec, operator, world }
    }

    async fn send(&self, method: Method, path: &str, user: Option<&str>, body: Option<Value>) -> Value {
        let caller = user.map_or_else(|| self.mec.clone(), |user| self.mec.on_behalf_of(user));
        let answer = self.api.send(&method, path, &caller, body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    async fn create(&self, external_id: &str, user: Option<&str>) -> String {
        let commune = json!({"type": "Commune", "code": "67482"});
        let body = json!({"externalId": external_id, "nom": "Halle", "statut": "IDEE", "collectivites": [commune]});
        let made = self.send(Method::POST, "/projects", user, Some(body)).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn rename(&self, id: &str, user: Option<&str>, nom: &str) {
        self.send(Method::PATCH, &format!("/projects/{id}"), user, Some(json!({"nom": nom}))).await;
    }

    /// A page of what a person changed.
    async fn page(&self, email: &str, query: &str) -> Value {
        let path = format!("/administration/changes{query}");
        let answer = self.api.send(&Method::POST, &path, &self.operator, Some(&json!({"email": email}))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    /// The versions a person made, and how.
    async fn changed_by(&self, email: &str) -> Vec<(String, u64, String)> {
        let page = self.page(email, "").await;
        assert_eq!(page["nextCursor"], Value::Null);
        versions(&page)
    }

    async fn erase(&self, email: &str) -> StatusCode {
        self.api.send(&Method::POST, "/people/erase", &self.mec, Some(&json!({"email": email}))).await.status
    }

    /// What is stored of people: their traces, and the histories that name one.
    async fn stored_people(&self) -> usize {
        let table = &self.world.stack.variables("ProjectsApi")["COMMUNS_TABLE"];
        let client = aws_sdk_dynamodb::Client::new(self.world.stack.sdk());
        let items = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
        let of_a_person = |item: &&std::collections::HashMap<String, AttributeValue>| {
            item.contains_key("person") || item["PK"].as_s().unwrap().starts_with("U#")
        };
        items.iter().filter(of_a_person).count()
    }
}

fn versions(page: &Value) -> Vec<(String, u64, String)> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let mut versions = Vec::new();
    for project in page["items"].as_array().unwrap() {
        for change in project["changes"].as_array().unwrap() {
            versions.push((text(project, "projectId"), change["version"].as_u64().unwrap(), text(change, "type")));
        }
    }
    versions
}

fn version(id: &str, number: u64, kind: &str) -> (String, u64, String) {
    (id.to_owned(), number, kind.to_owned())
}

#[tokio::test]
async fn operators_are_told_what_a_person_changed_and_services_are_not() {
    let scene = Scene::start().await;
    let id = scene.create("m-1", Some(AGENT)).await;
    scene.rename(&id, None, "Halle 2").await;
    scene.rename(&id, Some(AGENT), "Halle 3").await;
    scene.rename(&id, Some(AGENT), "Halle 3").await;
    let changes = [version(&id, 1, "project.created"), version(&id, 3, "project.updated")];
    assert_eq!(scene.changed_by(" Agent@Strasbourg.EU").await, changes, "the service's own change is nobody's");
    assert_eq!(scene.page(AGENT, "").await["items"][0]["changes"][1]["changed"], json!(["nom"]));
    assert_eq!(scene.changed_by(BEA).await, []);

    let history = scene.send(Method::GET, &format!("/projects/{id}/history"), None, None).await;
    let members: Vec<&str> = history["items"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["actor", "at", "changed", "service", "type", "version"]);
}

#[tokio::test]
async fn what_a_person_changed_outlives_their_right_and_the_project() {
    let scene = Scene::start().await;
    let (kept, gone) = (scene.create("m-1", Some(AGENT)).await, scene.create("m-2", Some(AGENT)).await);
    let right = Some(json!({"email": AGENT}));
    scene.send(Method::DELETE, &format!("/projects/{kept}/permissions"), None, right).await;
    scene.send(Method::DELETE, &format!("/projects/{gone}"), Some(AGENT), None).await;
    let changes = [
        version(&kept, 1, "project.created"),
        version(&gone, 1, "project.created"),
        version(&gone, 2, "project.deleted"),
    ];
    assert_eq!(scene.changed_by(AGENT).await, changes);
}

#[tokio::test]
async fn an_erased_person_has_changed_nothing_and_the_history_stays() {
    let scene = Scene::start().await;
    let id = scene.create("m-1", Some(AGENT)).await;
    let level = json!({"email": BEA, "level": "WRITE"});
    scene.send(Method::PUT, &format!("/projects/{id}/permissions"), None, Some(level)).await;
    scene.rename(&id, Some(BEA), "Halle 2").await;
    assert_eq!(scene.erase(AGENT).await, StatusCode::OK);
    assert_eq!(scene.changed_by(AGENT).await, []);
    assert_eq!(scene.changed_by(BEA).await, [version(&id, 2, "project.updated")]);
    let history = scene.send(Method::GET, &format!("/projects/{id}/history"), None, None).await;
    assert_eq!(history["items"].as_array().unwrap().len(), 2);
    assert_eq!(history["items"][1]["actor"], "user", "that somebody was named stays");
    assert_eq!(scene.erase(BEA).await, StatusCode::OK);
    assert_eq!(scene.stored_people().await, 0, "no hash of anybody is left");
}

#[tokio::test]
async fn an_erasure_that_broke_off_is_taken_up_again() {
    let scene = Scene::start().await;
    for number in 0..3 {
        scene.create(&format!("m-{number}"), Some(AGENT)).await;
    }
    // The second trace does not go: its history is redacted, what led to it is there.
    let faults = scene.world.stack.engines().faults();
    faults.inject("DeleteItem", Fault::Pass, 1);
    faults.inject("DeleteItem", Fault::ServerError, 100);
    assert_ne!(scene.erase(AGENT).await, StatusCode::OK);
    faults.clear();
    assert_eq!(scene.erase(AGENT).await, StatusCode::OK);
    assert_eq!(scene.changed_by(AGENT).await, []);
    assert_eq!(scene.stored_people().await, 0);
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let scene = Scene::start().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        // The service's own project, on which the person has a right and changed nothing, is not shown.
        let user = Some(AGENT).filter(|_| number != 2);
        ids.push(scene.create(&format!("m-{number}"), user).await);
    }
    let level = json!({"email": AGENT, "level": "READ"});
    scene.send(Method::PUT, &format!("/projects/{}/permissions", ids[2]), None, Some(level)).await;
    let (mut query, mut seen) = ("?limit=2".to_owned(), Vec::new());
    loop {
        let page = scene.page(AGENT, &query).await;
        seen.extend(versions(&page).into_iter().map(|(project, ..)| project));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    ids.remove(2);
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn a_change_under_way_while_its_person_is_erased_leaves_nothing_of_them() {
    let scene = Scene::start().await;
    let id = scene.create("m-1", Some(AGENT)).await;
    // The change is decided, and written after the erasure.
    scene.world.stack.engines().faults().inject("TransactWriteItems", Fault::Delay(Duration::from_millis(80)), 1);
    let rename = async {
        let caller = scene.mec.on_behalf_of(AGENT);
        let body = json!({"nom": "Halle 2"});
        scene.api.send(&Method::PATCH, &format!("/projects/{id}"), &caller, Some(&body)).await.status
    };
    let erase = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        scene.erase(AGENT).await
    };
    let (renamed, erased) = tokio::join!(rename, erase);
    assert_eq!((renamed, erased), (StatusCode::FORBIDDEN, StatusCode::OK));
    assert_eq!(scene.stored_people().await, 0);
}
