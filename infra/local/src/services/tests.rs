//! Registering against a whole stack in memory.

use std::sync::Mutex;
use std::time::Duration;

use passerelle::platform::clock::Clock;

use super::*;
use crate::stack::StackOptions;
use engines::Storage;

const URL: &str = "http://127.0.0.1:4310";

async fn stack() -> Stack {
    Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap()
}

async fn complete(register: &mut Register, stack: &Stack, url: &str) -> Inboxes {
    let inboxes = Inboxes::new(Clock::system());
    register.complete(stack, url, &inboxes, &|_: &Register| Ok(())).await.unwrap();
    inboxes
}

async fn webhooks(stack: &Stack, key: &str) -> Vec<Value> {
    let api = Api { router: stack.api(), service: "mec".to_owned(), key: key.to_owned() };
    let list = api.expect(Method::GET, "", None).await.unwrap();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn registering_again_changes_nothing_but_the_address() {
    let stack = stack().await;
    let mut register = Register::default();
    complete(&mut register, &stack, URL).await;
    let first = register.clone();
    complete(&mut register, &stack, URL).await;
    assert_eq!(register, first);
    complete(&mut register, &stack, "http://127.0.0.1:4999").await;
    assert_eq!(register, first);
    for (service, known) in register.services() {
        let list = webhooks(&stack, &known.projects_key).await;
        let urls: Vec<_> = list.iter().map(|item| item["url"].as_str().unwrap()).collect();
        assert_eq!(urls, [format!("http://127.0.0.1:4999/inbox/{service}")]);
    }
}

#[tokio::test]
async fn what_a_crash_kept_from_being_written_is_made_anew() {
    let stack = stack().await;
    let saved = Mutex::new(Vec::new());
    let save = |register: &Register| {
        saved.lock().unwrap().push(register.clone());
        Ok(())
    };
    let inboxes = Inboxes::new(Clock::system());
    Register::default().complete(&stack, URL, &inboxes, &save).await.unwrap();
    let saved = saved.into_inner().unwrap();
    assert_eq!(saved.len(), 2 * SERVICES.len(), "keys, then webhook, of each service");
    // The crash: the first service's keys were written down, its webhook was not.
    let mut register = saved[0].clone();
    complete(&mut register, &stack, URL).await;
    let mec = register.get("mec").unwrap();
    assert_eq!(mec.projects_key, saved[0].get("mec").unwrap().projects_key);
    let list = webhooks(&stack, &mec.projects_key).await;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["id"], mec.webhook.as_ref().unwrap().id);
    assert!(mec.webhook != saved[1].get("mec").unwrap().webhook);
}

#[tokio::test]
async fn keys_of_another_data_folder_are_replaced() {
    let mut register = Register::default();
    complete(&mut register, &stack().await, URL).await;
    let old = register.clone();
    let other = stack().await;
    complete(&mut register, &other, URL).await;
    for (service, known) in register.services() {
        assert_ne!(known.projects_key, old.get(service).unwrap().projects_key);
        assert_eq!(webhooks(&other, &known.projects_key).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_reaches_the_other_services_by_itself() {
    let stack = stack().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut register = Register::default();
    let inboxes = complete(&mut register, &stack, &url).await;
    let server = tokio::spawn(axum::serve(listener, inboxes.router()).into_future());
    let background = stack.run_in_background();
    let project = json!({
        "externalId": "m-1",
        "nom": "École",
        "statut": "IDEE",
        "collectivites": [{ "type": "Commune", "code": "74010" }],
    });
    let request = Request::post("/communs/v1/projects")
        .header(header::AUTHORIZATION, format!("Bearer {}", register.get("mec").unwrap().projects_key))
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-user-email", "camille@ville.example")
        .body(Body::from(project.to_string()))
        .unwrap();
    assert_eq!(stack.api().oneshot(request).await.unwrap().status(), StatusCode::CREATED);
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
