//! What operators do to a deployment, on tables of a stack in memory; and that their program needs no such stack.

use std::collections::BTreeSet;
use std::process::Command;

use acceptance::workspace::root;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::api_key::{KeyHash, Service};
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::store::communs::CommunsStore;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_operator::Failure;
use passerelle_operator::copy_table::{Copied, CopyTable, copy};
use passerelle_operator::keys::{KeysAction, ScopeName, apply};

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
