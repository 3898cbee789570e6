//! Registering against a whole stack in memory.

use std::sync::Mutex;
use std::time::Duration;

use engines::Storage;
use passerelle::platform::clock::Clock;
use serde_json::Value;

use super::*;
use crate::stack::StackOptions;

const URL: &str = "http://127.0.0.1:4310";

async fn stack() -> Stack {
    Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap()
}

async fn complete(registry: &mut ServiceRegistry, stack: &Stack, url: &str) -> Inboxes {
    let inboxes = Inboxes::new(Clock::system());
    registry.complete(stack, url, &inboxes, &|_: &ServiceRegistry| Ok(())).await.unwrap();
    inboxes
}

async fn webhooks(stack: &Stack, key: Option<&str>) -> Vec<Value> {
    let api = Caller::new(stack.api(), key.map(str::to_owned));
    let list = api.call(Method::GET, WEBHOOKS, None).await.unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn registrying_again_changes_nothing_but_the_address() {
    let stack = stack().await;
    let mut registry = ServiceRegistry::default();
    complete(&mut registry, &stack, URL).await;
    let first = registry.clone();
    complete(&mut registry, &stack, URL).await;
    assert_eq!(registry, first);
    complete(&mut registry, &stack, "http://127.0.0.1:4999").await;
    assert_eq!(registry, first);
    for (service, known) in registry.services() {
        let list = webhooks(&stack, known.key(Scope::Sync)).await;
        let urls: Vec<_> = list.iter().map(|item| item["url"].as_str().unwrap()).collect();
        assert_eq!(urls, [format!("http://127.0.0.1:4999/inbox/{service}")]);
    }
}

#[tokio::test]
async fn what_a_crash_kept_from_being_written_is_made_anew() {
    let stack = stack().await;
    let saved = Mutex::new(Vec::new());
    let save = |registry: &ServiceRegistry| {
        saved.lock().unwrap().push(registry.clone());
        Ok(())
    };
    let inboxes = Inboxes::new(Clock::system());
    ServiceRegistry::default().complete(&stack, URL, &inboxes, &save).await.unwrap();
    let saved = saved.into_inner().unwrap();
    assert_eq!(saved.len(), 2 * SERVICES.len(), "keys, then webhook, of each service");
    // The crash: the first service's keys were written down, its webhook was not.
    let mut registry = saved[0].clone();
    complete(&mut registry, &stack, URL).await;
    let mec = registry.get("mec").unwrap();
    assert_eq!(mec.projects_key, saved[0].get("mec").unwrap().projects_key);
    let list = webhooks(&stack, mec.key(Scope::Sync)).await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["id"], mec.webhook.as_ref().unwrap().id);
    assert!(mec.webhook != saved[1].get("mec").unwrap().webhook);
}

#[tokio::test]
async fn keys_of_another_data_folder_are_replaced() {
    let mut registry = ServiceRegistry::default();
    complete(&mut registry, &stack().await, URL).await;
    let old = registry.clone();
    let other = stack().await;
    complete(&mut registry, &other, URL).await;
    for (service, known) in registry.services() {
        assert_ne!(known.projects_key, old.get(service).unwrap().projects_key);
        assert_eq!(webhooks(&other, known.key(Scope::Sync)).await.len(), 1);
    }
}

#[tokio::test]
async fn a_registry_lost_time_and_again_is_made_anew() {
    let stack = stack().await;
    for _ in 0..4 {
        let mut registry = ServiceRegistry::default();
        complete(&mut registry, &stack, URL).await;
        for (_, known) in registry.services() {
            assert_eq!(webhooks(&stack, known.key(Scope::Sync)).await.len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_the_other_services_by_itself() {
    let stack = stack().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut registry = ServiceRegistry::default();
    let inboxes = complete(&mut registry, &stack, &url).await;
    let server = tokio::spawn(axum::serve(listener, inboxes.router()).into_future());
    let background = stack.run_in_background();
    let project = json!({
        "externalId": "m-1",
        "nom": "École",
        "statut": "IDEE",
        "collectivites": [{ "type": "Commune", "code": "74010" }],
    });
    let key = registry.get("mec").unwrap().projects_key.clone();
    let mec = Caller::new(stack.api(), key).on_behalf_of("camille@ville.example");
    mec.call(Method::POST, "/communs/v1/projects", Some(&project)).await.unwrap();
    let mut arrived = Vec::new();
    for _ in 0..500 {
        arrived.extend(inboxes.take().into_iter().filter(|(_, received)| !received.is_empty()));
        if arrived.len() == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    arrived.sort_by(|(a, _), (b, _)| a.cmp(b));
    let services: Vec<&str> = arrived.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(services, ["aides-territoires", "recoco", "tet"]);
    background.stop().await;
    server.abort();
}

#[tokio::test]
async fn management_is_for_the_domains_own_services_and_for_operators() {
    let stack = stack().await;
    let old: ServiceRegistry = serde_json::from_value(json!({
        "mec": {"projectsKey": "mec_x", "syncKey": "mec_y", "manageKey": "mec_z", "webhook": null},
    }))
    .unwrap();
    let mut registry = old;
    complete(&mut registry, &stack, URL).await;
    for service in OTHERS {
        registry.keys(&stack, service, &|_: &ServiceRegistry| Ok(())).await.unwrap();
    }
    let held: Vec<&str> = registry
        .services()
        .filter(|(_, known)| known.key(Scope::Manage).is_some())
        .map(|(service, _)| service)
        .collect();
    assert_eq!(held, ["coop", "exploitation", "zlv"]);
    assert_eq!(registry.get(EXPLOITATION).unwrap().key(Scope::Sync), None);
    let kept = registry.clone();
    for service in OTHERS {
        registry.keys(&stack, service, &|_: &ServiceRegistry| panic!("nothing to save")).await.unwrap();
    }
    assert_eq!(registry, kept);
}
