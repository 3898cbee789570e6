//! What operators do to a deployment, on tables of a stack in memory; and that their program needs no such stack.

use std::collections::BTreeSet;
use std::process::Command;

use acceptance::workspace::root;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::{Method, StatusCode};
use domain::api_key::{KeyHash, Scope, Service};
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::store::communs::CommunsStore;
use passerelle_local::caller::Caller;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_operator::Failure;
use passerelle_operator::coop::{CoopAction, run};
use passerelle_operator::copy_table::{Copied, CopyTable, copy};
use passerelle_operator::deployment::Deployment;
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

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_a_user_of_la_coop() {
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: reqwest::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let served = tokio::spawn(axum::serve(listener, stack.api()).into_future());
    let user = uuid::Uuid::from_u128(0x1000_0000_0000_4000_8000_0000_0000_0001);
    let path = format!("/coop/v1/users/{user}");
    let coop = Caller::new(stack.api(), Some(stack.issue_key("coop", Scope::Sync).await.unwrap()));
    let known = json!({"email": "lea@coop.example", "prenom": "Léa", "nom": "Roy"});
    coop.call(Method::PUT, &path, Some(&known)).await.unwrap();

    let told = async |key: &str, action| {
        let mut out = Vec::new();
        run(&Deployment::new(&url, Some(key.to_owned())).unwrap(), action, &mut out).await?;
        Ok::<_, Failure>(String::from_utf8(out).unwrap())
    };
    let stranger = stack.issue_key("mec", Scope::Sync).await.unwrap();
    let refused = told(&stranger, CoopAction::Erase { user }).await.unwrap_err();
    assert!(refused.to_string().starts_with("l'API a refusé (403) : "), "{refused}");
    let operator = stack.issue_key("exploitation", Scope::Manage).await.unwrap();
    assert_eq!(told(&operator, CoopAction::Runs).await.unwrap(), "aucune synchronisation de nuit\n");
    stack.run_nightly().await.unwrap();
    assert!(told(&operator, CoopAction::Runs).await.unwrap().contains(" synchronisés sur 1,"));
    told(&operator, CoopAction::Delete { user }).await.unwrap();
    told(&operator, CoopAction::Erase { user }).await.unwrap();
    assert_eq!(coop.send(Method::GET, &path, None).await.unwrap().status, StatusCode::NOT_FOUND);
    let unknown = told(&operator, CoopAction::Resume { run: user }).await.unwrap_err();
    assert!(unknown.to_string().starts_with("l'API a refusé (404) : "), "{unknown}");
    served.abort();
}

#[test]
fn an_operators_key_does_not_travel_in_clear() {
    let deployment = |url: &str, key: Option<&str>| {
        Deployment::new(&url.parse().unwrap(), key.map(str::to_owned)).err().map(|error| error.to_string())
    };
    for url in ["http://api.example", "http://127.0.0.1.evil.example", "ftp://api.example", "mailto:a@b.example"] {
        assert!(deployment(url, Some("k")).is_some_and(|error| error.contains("https://")), "{url}");
    }
    for url in ["https://api.example", "http://localhost:4310", "http://[::1]:4310"] {
        assert_eq!(deployment(url, Some("k")), None, "{url}");
        assert!(deployment(url, None).is_some_and(|error| error.contains("PASSERELLE_KEY")), "{url}");
    }
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
    let asked = |overwrite| CopyTable { from: from.to_owned(), to: to.to_owned(), overwrite };
    assert_eq!(copy(&client, &asked(false)).await.unwrap(), Copied { read: 50, written: 49 });
    assert!(values(&client, to).await.contains(&"après".to_owned()));
    assert_eq!(copy(&client, &asked(false)).await.unwrap(), Copied { read: 50, written: 0 });
    assert_eq!(copy(&client, &asked(true)).await.unwrap(), Copied { read: 50, written: 50 });
    assert_eq!(values(&client, to).await, values(&client, from).await);
    let nowhere = CopyTable { from: "Nulle".to_owned(), ..asked(false) };
    assert!(copy(&client, &nowhere).await.unwrap_err().to_string().starts_with("table inaccessible"));
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
