//! Who may do what in coop: every operation as every kind of caller, compared with one table.

use acceptance::api::{Api, Caller};
use domain::api_key::Scope;
use engines::Storage;
use http::Method;
use passerelle::platform::clock::Clock;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_local::stand_ins::dataspace::Dataspace;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::matrix::{Matrix, Sent};

/// A registered user, whom the Dataspace does not know.
const USER: Uuid = Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_as_every_caller() {
    let dataspace = Dataspace::start().await.unwrap();
    let options = StackOptions::new(Storage::Memory, Clock::system()).with("DATASPACE_URL", dataspace.url());
    let stack = Stack::start(options).await.unwrap();
    let mut callers = vec![("personne", Caller::default()), ("fausse clé", Caller::key("psl_coop_inconnue"))];
    for (name, service, scope) in [
        ("coop:projects", "coop", Scope::Projects),
        ("coop:sync", "coop", Scope::Sync),
        ("coop:manage", "coop", Scope::Manage),
        ("tet:projects", "tet", Scope::Projects),
        ("tet:sync", "tet", Scope::Sync),
        ("tet:manage", "tet", Scope::Manage),
    ] {
        callers.push((name, Caller::key(&stack.issue_key(service, scope).await.unwrap())));
    }
    let api = Api::under("/coop/v1", stack.api());
    let registered = api.send(&Method::PUT, &format!("/users/{USER}"), &callers[3].1, Some(&registration())).await;
    assert_eq!(registered.status, 201);
    let matrix = Matrix { domain: "coop", note: "The Dataspace does not know the user.", api, callers };
    matrix.compare(dataspace_sync::OPERATIONS, sent).await;
}

/// A request in order, so that a refusal is one of access.
fn sent(method: &str, route: &str) -> Sent {
    let path = route.replace("{id}", &USER.to_string());
    Sent { path, body: (method == "put").then(registration) }
}

fn registration() -> Value {
    json!({"email": "camille@example.fr", "prenom": "Camille", "nom": "Durand"})
}
