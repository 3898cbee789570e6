//! What operators do to a deployment, on tables of a stack in memory; and that their program needs no such stack.

use std::collections::BTreeSet;
use std::process::Command;

use acceptance::workspace::root;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::{Method, StatusCode};
use domain::api_key::{KeyHash, Scope, Service};
use domain::droits::account::{Role, User};
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::store::communs::CommunsStore;
use passerelle::store::droits::DroitsStore;
use passerelle::store::transaction::Transaction;
use passerelle_local::caller::Caller;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_operator::Failure;
use passerelle_operator::communs::CommunsAction;
use passerelle_operator::coop::CoopAction;
use passerelle_operator::copy_table::{Copied, CopyTable, copy};
use passerelle_operator::deployment::{Access, Call};
use passerelle_operator::droits::{DroitsAction, FlowName, RoleName};
use passerelle_operator::keys::{KeysAction, ScopeName, apply};
use serde_json::json;

async fn said(store: &CommunsStore, action: KeysAction) -> Result<String, Failure> {
    let mut out = Vec::new();
    apply(store, action, &mut out).await?;
    Ok(String::from_utf8(out).unwrap().trim().to_owned())
}

#[tokio::test]
async fn a_key_is_issued_listed_by_its_hash_and_revoked() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let table = stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone();
    let store = CommunsStore::new(Client::new(stack.sdk()), table);
    let service = Service::parse("zlv").unwrap();
    let listed = async || said(&store, KeysAction::List { service: service.clone() }).await.unwrap();
    assert_eq!(listed().await, "zlv n'a pas de clé");
    let issue = || KeysAction::Issue { service: service.clone(), scope: ScopeName::Sync };
    let key = said(&store, issue()).await.unwrap();
    let hash = KeyHash::of(&key);
    assert!(listed().await.starts_with(&format!("{} sync 20", hash.as_str())));
    said(&store, issue()).await.unwrap();
    assert!(said(&store, issue()).await.is_err(), "two keys of a scope are the most");
    said(&store, KeysAction::Revoke { hash: hash.clone() }).await.unwrap();
    assert_eq!(store.api_key(&hash).await.unwrap(), None);
    assert!(!listed().await.contains(hash.as_str()));
    assert!(said(&store, KeysAction::Revoke { hash }).await.is_err(), "revoked once");
}

#[tokio::test]
async fn management_is_issued_to_the_domains_own_services_and_to_operators_alone() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let table = stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone();
    let store = CommunsStore::new(Client::new(stack.sdk()), table);
    for (service, scope, allowed) in [
        ("mec", ScopeName::Manage, false),
        ("exploitation", ScopeName::Sync, false),
        ("exploitation", ScopeName::Projects, false),
        ("exploitation", ScopeName::Manage, true),
        ("zlv", ScopeName::Manage, true),
        ("coop", ScopeName::Manage, true),
    ] {
        let service = Service::parse(service).unwrap();
        let issued = said(&store, KeysAction::Issue { service: service.clone(), scope }).await;
        assert_eq!(issued.is_ok(), allowed, "{service} {scope:?}");
        let listed = said(&store, KeysAction::List { service }).await.unwrap();
        assert_eq!(listed.ends_with("n'a pas de clé"), !allowed, "a refusal issues nothing: {listed}");
    }
}

/// A stack served on loopback, and what operators' commands tell of it.
struct Served {
    stack: Stack,
    url: reqwest::Url,
}

impl Served {
    async fn start() -> Self {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(axum::serve(listener, stack.api()).into_future());
        Self { stack, url }
    }

    async fn told(&self, key: &str, calls: impl IntoIterator<Item = Call>) -> Result<String, Failure> {
        self.told_as(Telling::InFrench, key, calls).await
    }

    async fn told_as(
        &self,
        telling: Telling,
        key: &str,
        calls: impl IntoIterator<Item = Call>,
    ) -> Result<String, Failure> {
        let access = Access { api: self.url.clone(), key_file: None, json: telling == Telling::InJson };
        let mut out = Vec::new();
        access.carry_out(calls, Some(key.to_owned()), &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }
}

#[derive(PartialEq)]
enum Telling {
    InFrench,
    InJson,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_a_user_of_la_coop() {
    let served = Served::start().await;
    let user = uuid::Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0001);
    let path = format!("/coop/v1/users/{user}");
    let coop = Caller::new(served.stack.api(), Some(served.stack.issue_key("coop", Scope::Sync).await.unwrap()));
    let known = json!({"email": "lea@coop.example", "prenom": "Léa", "nom": "Roy"});
    coop.call(Method::PUT, &path, Some(&known)).await.unwrap();

    let told = async |key: &str, action: CoopAction| served.told(key, [action.call()]).await;
    let stranger = served.stack.issue_key("mec", Scope::Sync).await.unwrap();
    let refused = told(&stranger, CoopAction::Erase { user }).await.unwrap_err();
    assert!(refused.to_string().starts_with("l'API a refusé (403) : "), "{refused}");
    assert_eq!(refused.status(), 7);
    let operator = served.stack.issue_key("exploitation", Scope::Manage).await.unwrap();
    assert_eq!(told(&operator, CoopAction::Runs).await.unwrap(), "aucune synchronisation de nuit\n");
    served.stack.run_nightly().await.unwrap();
    assert!(told(&operator, CoopAction::Runs).await.unwrap().contains(" synchronisés sur 1,"));
    told(&operator, CoopAction::Delete { user }).await.unwrap();
    told(&operator, CoopAction::Erase { user }).await.unwrap();
    assert_eq!(coop.send(Method::GET, &path, None).await.unwrap().status, StatusCode::NOT_FOUND);
    let unknown = told(&operator, CoopAction::Resume { run: user }).await.unwrap_err();
    assert!(unknown.to_string().starts_with("l'API a refusé (404) : "), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_asks_what_a_person_changed() {
    let served = Served::start().await;
    let key = served.stack.issue_key("mec", Scope::Projects).await.unwrap();
    let mec = Caller::new(served.stack.api(), Some(key)).on_behalf_of("lea@ville.example");
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE",
        "collectivites": [{"type": "Commune", "code": "67482"}]});
    mec.call(Method::POST, "/communs/v1/projects", Some(&project)).await.unwrap();
    let operator = served.stack.issue_key("exploitation", Scope::Manage).await.unwrap();
    let asked = async |email: &str| {
        let action = CommunsAction::Changes { email: email.to_owned(), after: None };
        served.told(&operator, [action.call()]).await.unwrap()
    };
    let told = asked("Lea@ville.example").await;
    assert!(told.contains(" version 1 20") && told.contains(" mec project.created : "), "{told}");
    assert_eq!(asked("noa@ville.example").await, "aucun changement au nom de cette adresse\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_by_command_what_the_routes_of_droits_offer() {
    let served = Served::start().await;
    let key = served.stack.issue_key("exploitation", Scope::Manage).await.unwrap();
    let told = async |action: DroitsAction| served.told(&key, action.calls()?).await;
    let (user, establishment) = (uuid::Uuid::from_u128(7), uuid::Uuid::from_u128(8));
    let file = tempfile::NamedTempFile::new().unwrap();
    let loaded = async |kind: &str, items: serde_json::Value| {
        std::fs::write(file.path(), items.to_string()).unwrap();
        told(DroitsAction::Load { kind: kind.to_owned(), file: file.path().to_owned() }).await
    };
    let known = json!([{"id": establishment, "siren": "246700488", "name": "Strasbourg", "geoCodes": ["67482"]}]);
    assert_eq!(loaded("establishments", known).await.unwrap(), "1 éléments enregistrés\n");
    let asked = json!([{"email": "lea@ville.example", "hasAccount": true, "hasCommitment": true}]);
    loaded("prospects", asked).await.unwrap();
    let wrong = loaded("prospects", json!([{"email": 3}])).await.unwrap_err();
    assert!(wrong.to_string().contains("/items/0"), "{wrong}");

    let store = DroitsStore::new(
        Client::new(served.stack.sdk()),
        served.stack.variables("RightsChecker")["DROITS_TABLE"].clone(),
    );
    let account = User {
        id: user,
        email: "max@ville.example".to_owned(),
        role: Role::Usual,
        establishment_id: establishment,
        suspension: None,
        created_at: None,
        deleted_at: None,
        last_authenticated_at: None,
        deletion_announced: None,
    };
    let mut transaction = Transaction::default();
    store.add_user(&mut transaction, &account, "$argon2id$").unwrap();
    store.commit(transaction).await.unwrap();

    assert!(told(DroitsAction::Role { user, role: RoleName::Visitor }).await.unwrap().contains(" VISITOR, "));
    let cause = "contrôle en cours".to_owned();
    assert!(told(DroitsAction::Suspend { user, cause }).await.unwrap().contains(" : contrôle en cours\n"));
    assert!(!told(DroitsAction::Lift { user }).await.unwrap().contains("suspendu"));
    let none_left = told(DroitsAction::Lift { user }).await.unwrap_err();
    assert!(none_left.to_string().starts_with("l'API a refusé (404) : "), "{none_left}");
    told(DroitsAction::Email { user, email: "zoe@ville.example".to_owned() }).await.unwrap();
    assert!(told(DroitsAction::Find { email: "max@ville.example".to_owned() }).await.is_err());
    let find = DroitsAction::Find { email: "zoe@ville.example".to_owned() };
    let found = served.told_as(Telling::InJson, &key, find.calls().unwrap()).await.unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&found).unwrap()["id"], json!(user));
    told(DroitsAction::Delete { user }).await.unwrap();
    let explain = |flow| DroitsAction::Explain { email: "zoe@ville.example".to_owned(), establishment, flow };
    let told_why = told(explain(FlowName::Connexion)).await.unwrap();
    assert!(told_why.starts_with("refusé (410) : user-deleted\n  L1"), "{told_why}");
    let erase = |email: &str| told(DroitsAction::Erase { email: email.to_owned() });
    assert_eq!(erase("zoe@ville.example").await.unwrap(), "compte effacé\n");
    assert_eq!(erase("lea@ville.example").await.unwrap(), "demande de compte effacée\n");
    assert_eq!(erase("zoe@ville.example").await.unwrap(), "rien n'était connu de cette personne\n");
}

#[tokio::test]
async fn a_deployment_that_does_not_answer_is_told_apart_from_one_that_refuses() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let access = Access { api, key_file: None, json: false };
    let failure = access.carry_out([CoopAction::Runs.call()], Some("k".to_owned()), &mut Vec::new()).await;
    assert_eq!(failure.unwrap_err().status(), 8);
}

async fn put(client: &Client, table: &str, id: u32, value: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = client.put_item().table_name(table).item("PK", text(&format!("P#{id}"))).item("SK", text("P"));
    put.item("valeur", text(value)).send().await.unwrap();
}

async fn values(client: &Client, table: &str) -> Vec<String> {
    let items = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
    let mut values: Vec<String> = items.iter().map(|item| item["valeur"].as_s().unwrap().clone()).collect();
    values.sort();
    values
}

/// The tables of two domains have the same keys: one stands in for what AWS restored.
#[tokio::test]
async fn what_is_missing_comes_back_and_what_is_there_stays_unless_asked() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let client = Client::new(stack.sdk());
    let (from, to) = ("CoopTable", "CommunsTable");
    for id in 0..50 {
        put(&client, from, id, "avant").await;
    }
    put(&client, to, 7, "après").await;
    let asked = |overwrite| CopyTable { from: from.to_owned(), to: to.to_owned(), overwrite, email_hmac_secret: None };
    assert_eq!(copy(&client, &asked(false), None).await.unwrap(), Copied { read: 50, written: 49, erased: 0 });
    assert!(values(&client, to).await.contains(&"après".to_owned()));
    assert_eq!(copy(&client, &asked(false), None).await.unwrap(), Copied { read: 50, written: 0, erased: 0 });
    assert_eq!(copy(&client, &asked(true), None).await.unwrap(), Copied { read: 50, written: 50, erased: 0 });
    assert_eq!(values(&client, to).await, values(&client, from).await);
    let nowhere = CopyTable { from: "Nulle".to_owned(), ..asked(false) };
    assert!(copy(&client, &nowhere, None).await.unwrap_err().to_string().starts_with("table inaccessible"));
}

/// The crates a package is built from, its own name among them.
fn dependencies(package: &str) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.current_dir(root()).args([
        "tree",
        "--offline",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    let output = tree.args(["--package", package]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_operators_program_builds_without_the_engines() {
    let built = dependencies("passerelle-operator");
    assert!(built.contains("aws-sdk-dynamodb"), "{built:?}");
    for engine in ["engines", "dynoxide-rs", "rusqlite", "libsqlite3-sys", "passerelle-local"] {
        assert!(!built.contains(engine), "{engine}");
    }
}
