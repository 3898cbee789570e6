//! Keys can be rotated: those of services, those under which people are known, those that seal webhook secrets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acceptance::api::{Api, Caller};
use acceptance::receivers::Receivers;
use acceptance::verification::SigningSecret;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::api_key::{KeyHash, Scope};
use engines::Storage;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use passerelle::platform::clock::Clock;
use passerelle::store::communs::CommunsStore;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};

const AGENT: &str = "agent@strasbourg.eu";
const BEA: &str = "bea@nantes.fr";
const CLAIRE: &str = "claire@strasbourg.eu";

async fn start(storage: Storage) -> Stack {
    Stack::start(StackOptions::new(storage, Clock::system())).await.unwrap()
}

fn table(stack: &Stack) -> String {
    stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone()
}

fn store(stack: &Stack) -> CommunsStore {
    CommunsStore::new(aws_sdk_dynamodb::Client::new(stack.sdk()), table(stack))
}

fn project(external_id: &str) -> Value {
    let commune = json!({"type": "Commune", "code": "67482"});
    json!({"externalId": external_id, "nom": "Halle", "statut": "IDEE", "collectivites": [commune],
        "porteur": {"referentEmail": CLAIRE}})
}

async fn statuts(stack: &Stack, key: &str) -> StatusCode {
    Api::new(stack.api()).send(&Method::GET, "/statuts", &Caller::key(key), None).await.status
}

#[tokio::test]
async fn a_service_rotates_its_key_without_a_gap() {
    let stack = start(Storage::Memory).await;
    let old = stack.issue_key("mec", Scope::Projects).await.unwrap();
    let sync = stack.issue_key("mec", Scope::Sync).await.unwrap();
    let new = stack.issue_key("mec", Scope::Projects).await.unwrap();
    for key in [&old, &new, &sync] {
        assert_eq!(statuts(&stack, key).await, StatusCode::OK);
    }
    let third = stack.issue_key("mec", Scope::Projects).await.unwrap_err();
    assert!(third.to_string().contains("deux clés sont déjà actives"), "{third}");
    stack.issue_key("mec", Scope::Sync).await.expect("each scope has two slots of its own");

    assert!(store(&stack).revoke_key(&KeyHash::of(&old)).await.unwrap());
    assert_eq!(statuts(&stack, &old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(statuts(&stack, &new).await, StatusCode::OK);
    assert!(!store(&stack).revoke_key(&KeyHash::of(&old)).await.unwrap(), "it is revoked once");

    let newer = stack.issue_key("mec", Scope::Projects).await.expect("its slot is free again");
    assert_eq!(statuts(&stack, &newer).await, StatusCode::OK);
    stack.issue_key("mec", Scope::Projects).await.expect_err("two are active again");
}

#[tokio::test]
async fn of_many_keys_issued_at_once_two_are_active() {
    let stack = start(Storage::Memory).await;
    let issued = join_all((0..8).map(|_| stack.issue_key("tet", Scope::Projects))).await;
    let keys: Vec<String> = issued.into_iter().filter_map(Result::ok).collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("passerelle-rotation-{}", uuid::Uuid::new_v4())))
    }

    fn storage(&self) -> Storage {
        Storage::Directory(self.0.clone())
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind in the temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(self.path());
    }
}

/// Puts a key in front of a secret's ring, keeping the older ones if asked to, and answers its id.
async fn rotate(stack: &Stack, variable: &str, id: &str, keep_older: bool) {
    // Any 32 bytes will do, as long as they are not the ones before.
    let key = if id == "2027-01" { "A".repeat(43) + "=" } else { "AAAA".repeat(10) + "AQE=" };
    let secret = stack.variables("ProjectsApi")[variable].clone();
    let client = aws_sdk_secretsmanager::Client::new(stack.sdk());
    let current = client.get_secret_value().secret_id(&secret).send().await.unwrap();
    let mut ring: Value = serde_json::from_str(current.secret_string().unwrap()).unwrap();
    let keys = ring["keys"].as_array_mut().unwrap();
    keys.insert(0, json!({"id": id, "key": key}));
    if !keep_older {
        keys.truncate(1);
    }
    client.put_secret_value().secret_id(&secret).secret_string(ring.to_string()).send().await.unwrap();
}

/// Under which keys rights are stored: the ids in the partition keys of people.
async fn keys_in_use(stack: &Stack, ends_with: &str) -> BTreeSet<String> {
    let client = aws_sdk_dynamodb::Client::new(stack.sdk());
    let items = client.scan().table_name(table(stack)).send().await.unwrap().items.unwrap_or_default();
    let text = |value: Option<&AttributeValue>| value.and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
    items
        .iter()
        .filter(|item| text(item.get("SK")).ends_with(ends_with))
        .filter_map(|item| text(item.get("PK")).strip_prefix("U#")?.split('#').next().map(str::to_owned))
        .collect()
}

/// Under which keys the history of a project names people.
async fn authors_keys(stack: &Stack, project: &str) -> BTreeSet<String> {
    let client = aws_sdk_dynamodb::Client::new(stack.sdk());
    let items = client.scan().table_name(table(stack)).send().await.unwrap().items.unwrap_or_default();
    let history = items.iter().filter(|item| item["PK"] == AttributeValue::S(format!("P#{project}")));
    let people = history.filter_map(|item| item.get("person")?.as_s().ok());
    people.filter_map(|person| person.split('#').next().map(str::to_owned)).collect()
}

struct Mec {
    api: Api,
    caller: Caller,
}

impl Mec {
    async fn send(&self, method: Method, path: &str, user: Option<&str>, body: Value) -> Value {
        let caller = user.map_or_else(|| self.caller.clone(), |user| self.caller.on_behalf_of(user));
        let body = (!body.is_null()).then_some(&body);
        let answer = self.api.send(&method, path, &caller, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }

    async fn create(&self, external_id: &str) -> String {
        let made = self.send(Method::POST, "/projects", Some(AGENT), project(external_id)).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// The external ids of the projects a user may read, in the order of the list.
    async fn listed(&self, user: &str) -> Vec<String> {
        let list = self.send(Method::GET, "/projects?limit=2", Some(user), Value::Null).await;
        let mut items = list["items"].as_array().unwrap().clone();
        if let Some(cursor) = list["nextCursor"].as_str() {
            let path = format!("/projects?limit=2&cursor={cursor}");
            items.extend(
                self.send(Method::GET, &path, Some(user), Value::Null).await["items"].as_array().cloned().unwrap(),
            );
        }
        items.iter().map(|item| item["externalIds"]["mec"].as_str().unwrap().to_owned()).collect()
    }

    async fn level(&self, id: &str, email: &str) -> Value {
        let body = json!({"email": email, "projectIds": [id]});
        let levels = self.send(Method::POST, "/permissions/check", None, body).await;
        let level = levels["results"][0]["level"].clone();
        for wanted in ["READ", "WRITE"] {
            let body = json!({"email": email, "level": wanted});
            let path = format!("/projects/{id}/permissions/check");
            let allowed = self.send(Method::POST, &path, None, body).await["allowed"].clone();
            let expected = level == "WRITE" || level == wanted;
            assert_eq!(allowed, json!(expected), "the two checks differ for {email} {wanted}");
        }
        level
    }

    async fn erase(&self, email: &str) -> Value {
        self.send(Method::POST, "/people/erase", None, json!({"email": email})).await
    }
}

#[tokio::test]
async fn people_are_recognised_under_an_older_key_and_move_under_the_new_one() {
    let folder = Folder::new();
    let stack = start(folder.storage()).await;
    let key = stack.issue_key("mec", Scope::Sync).await.unwrap();
    let on = |stack: &Stack| Mec { api: Api::new(stack.api()), caller: Caller::key(&key) };
    let mec = on(&stack);
    let (first, second) = (mec.create("m-1").await, mec.create("m-2").await);
    let rights = format!("/projects/{first}/permissions");
    mec.send(Method::PUT, &rights, None, json!({"email": BEA, "level": "READ"})).await;
    let before = keys_in_use(&stack, &first).await;
    assert_eq!(before.len(), 1);
    rotate(&stack, "EMAIL_HMAC_SECRET", "2027-01", true).await;
    drop((mec, stack));

    let stack = start(folder.storage()).await;
    let mec = on(&stack);
    // Recognised, by every way in.
    assert_eq!(mec.level(&first, BEA).await, "READ");
    assert_eq!(mec.level(&first, AGENT).await, "WRITE");
    assert_eq!(mec.level(&first, CLAIRE).await, "WRITE");
    assert_eq!(mec.listed(BEA).await, ["m-1"]);
    mec.send(Method::PATCH, &format!("/projects/{first}"), Some(AGENT), json!({"nom": "Grande halle"})).await;

    // Seen, and so re-hashed: not one record of theirs is left under the old key where they were seen.
    assert_eq!(keys_in_use(&stack, &first).await, BTreeSet::from(["2027-01".to_owned()]));
    assert_eq!(keys_in_use(&stack, &second).await, before, "nobody was seen there yet");
    assert_eq!(
        authors_keys(&stack, &first).await,
        BTreeSet::from(["2027-01".to_owned()]),
        "what they changed moves too"
    );
    assert_eq!(authors_keys(&stack, &second).await, before);
    let operator = Caller::key(&stack.issue_key("exploitation", Scope::Manage).await.unwrap());
    let asked = json!({"email": AGENT});
    let changes = mec.api.send(&Method::POST, "/administration/changes", &operator, Some(&asked)).await;
    let counts: Vec<_> = changes.body["items"].as_array().unwrap().iter().map(|item| &item["changes"]).collect();
    assert_eq!(
        counts.iter().map(|made| made.as_array().unwrap().len()).collect::<Vec<_>>(),
        [2, 1],
        "under either key"
    );
    mec.send(Method::PUT, &rights, None, json!({"email": BEA, "level": "WRITE"})).await;
    assert_eq!(mec.level(&first, BEA).await, "WRITE");
    mec.send(Method::DELETE, &rights, None, json!({"email": BEA})).await;
    assert_eq!(mec.level(&first, BEA).await, Value::Null, "no older record comes back to life");
    mec.send(Method::PUT, &rights, None, json!({"email": BEA, "level": "READ"})).await;

    // Lists merge what is stored under either key, in order of creation, across pages.
    let third = mec.create("m-3").await;
    assert_eq!(keys_in_use(&stack, &third).await, BTreeSet::from(["2027-01".to_owned()]));
    assert_eq!(mec.listed(AGENT).await, ["m-1", "m-2", "m-3"]);

    // A porteur recorded under the old key loses exactly what came from being porteur.
    let patch = json!({"porteur": {"referentEmail": "dan@lyon.fr"}});
    mec.send(Method::PATCH, &format!("/projects/{second}"), None, patch).await;
    assert_eq!(mec.level(&second, CLAIRE).await, Value::Null);
    assert_eq!(mec.level(&first, CLAIRE).await, "WRITE");

    // Erasure goes through every key.
    let erased = mec.erase(AGENT).await;
    assert_eq!(erased["permissions"], 3);
    let erased = mec.erase(CLAIRE).await;
    assert_eq!((&erased["permissions"], &erased["porteurs"]), (&json!(2), &json!(2)));
    assert_eq!(mec.erase(BEA).await["permissions"], 1);
    for person in [AGENT, CLAIRE, BEA] {
        let again = mec.erase(person).await;
        assert!(again.as_object().unwrap().values().all(|count| count == 0), "{person}: {again}");
        assert_eq!(mec.level(&first, person).await, Value::Null, "{person}");
    }
    assert_eq!(keys_in_use(&stack, &first).await, BTreeSet::new(), "no hash of anybody is left");
    assert_eq!(authors_keys(&stack, &first).await, BTreeSet::new());
}

#[tokio::test]
async fn a_key_taken_out_recognises_nobody() {
    let folder = Folder::new();
    let stack = start(folder.storage()).await;
    let key = stack.issue_key("mec", Scope::Sync).await.unwrap();
    let mec = Mec { api: Api::new(stack.api()), caller: Caller::key(&key) };
    let id = mec.create("m-1").await;
    rotate(&stack, "EMAIL_HMAC_SECRET", "2027-02", false).await;
    drop((mec, stack));
    let stack = start(folder.storage()).await;
    let mec = Mec { api: Api::new(stack.api()), caller: Caller::key(&key) };
    assert_eq!(mec.level(&id, AGENT).await, Value::Null);
    assert_eq!(mec.listed(AGENT).await, Vec::<String>::new());
}

#[tokio::test]
async fn webhook_secrets_sealed_under_an_older_key_still_sign() {
    let folder = Folder::new();
    let receivers = Receivers::open(Clock::system()).await.unwrap();
    let stack = start(folder.storage()).await;
    let key = stack.issue_key("tet", Scope::Sync).await.unwrap();
    let caller = Caller::key(&key);
    let body = json!({"url": receivers.url("tet")});
    let made = Api::new(stack.api()).send(&Method::POST, "/webhooks", &caller, Some(&body)).await;
    receivers.expect_secrets("tet", vec![SigningSecret { secret: made.text("secret").to_owned(), until: None }]);
    let test = format!("/webhooks/{}/test", made.text("id"));
    rotate(&stack, "WEBHOOK_SEALING_SECRET", "2027-01", true).await;
    drop(stack);

    let stack = start(folder.storage()).await;
    let tested = Api::new(stack.api()).send(&Method::POST, &test, &caller, None).await;
    assert_eq!(tested.body["delivered"], true, "{}", tested.body);
    let received = receivers.take();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].fault, None);
}
