//! Who may do what in coop.

use acceptance::api::Caller;
use acceptance::world::World;
use domain::api_key::Scope;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::manage;
use super::table::{Column, Table, answer, cell};

/// A registered user, whom the Dataspace does not know.
const USER: Uuid = Uuid::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0001);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_of_coop_as_every_caller() {
    let world = World::start().await;
    let mut columns = vec![
        Column::new("aucune", "-", Caller::default()),
        Column::new("fausse", "-", Caller::key("psl_coop_inconnue")),
    ];
    for service in ["coop", "tet"] {
        columns.push(Column::new("projects", service, world.caller(service, Scope::Projects).await));
        columns.push(Column::new("sync", service, world.caller(service, Scope::Sync).await));
    }
    let coop = columns[3].caller.clone();
    columns.extend(manage::columns(&world).await);
    let api = world.coop();
    let registered = api.send(&Method::PUT, &format!("/users/{USER}"), &coop, Some(&registration())).await;
    assert_eq!(registered.status, 201);
    let mut lines = Vec::new();
    for (method, route) in dataspace_sync::OPERATIONS {
        let (verb, path) = (method.to_uppercase(), route.replace("{id}", &USER.to_string()));
        let body = (*method == "put").then(registration);
        let mut cells = Vec::new();
        for column in &columns {
            let method = verb.parse().unwrap();
            let answer = answer(&api, &method, &path, &column.caller, body.as_ref()).await;
            cells.push(cell(&answer));
            if answer.status.is_success() {
                // Whoever was erased is there again for the next caller.
                api.send(&Method::PUT, &format!("/users/{USER}"), &coop, Some(&registration())).await;
            }
        }
        lines.push((format!("{verb} {route}"), cells));
    }
    Table { domain: "coop", note: "The Dataspace does not know the user.", columns, lines }.compare();
}

/// In order, so that a refusal is one of access.
fn registration() -> Value {
    json!({"email": "camille@example.fr", "prenom": "Camille", "nom": "Durand"})
}
