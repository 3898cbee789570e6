//! Who may do what: every route of the OpenAPI document, as every kind of caller, compared with one table.
//!
//! A route that is in the document and not in the table, or the other way round, fails: nobody adds a route without
//! saying who may call it.

mod callers;
mod fixture;
mod rows;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acceptance::receivers::Receivers;
use passerelle::platform::clock::Clock;
use serde_json::Value;

use fixture::World;
use rows::{Row, rows};

fn matrix_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/access/matrix.txt")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_as_every_caller() {
    let receivers = Receivers::open(Clock::system()).await.unwrap();
    let url = receivers.url(callers::CREATOR);
    let running: Vec<_> = rows().map(|row| (row, tokio::spawn(line(row, url.clone())))).collect();
    let mut lines = Vec::new();
    for (row, cells) in running {
        lines.push((row.label(), cells.await.unwrap()));
    }
    let columns = World::start(url).await.columns;
    let actual = table::render(&columns, &lines);
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(matrix_file(), &actual).unwrap();
    }
    let expected = std::fs::read_to_string(matrix_file()).unwrap_or_default();
    assert!(actual == expected, "access has changed: read this against matrix.txt, line by line\n{actual}");
}

/// The cells of one row, in a world of its own.
async fn line(row: Row, url: String) -> Vec<String> {
    let mut world = World::start(url).await;
    let mut fixture = world.fixture(row.target).await;
    let mut cells = Vec::new();
    for column in world.columns.clone() {
        fixture.service = if column.service == "-" { callers::CREATOR } else { column.service };
        let body = (row.body)(&fixture);
        let answer = world.api.send(&row.method(), &row.path(&fixture), &column.caller, body.as_ref()).await;
        cells.push(table::cell(&answer));
        // A refusal changes nothing: if it did, the next cells would show it.
        if row.changes() && answer.status.is_success() {
            world.tidy(&fixture).await;
            fixture = world.fixture(row.target).await;
        }
    }
    cells
}

#[test]
fn the_matrix_has_every_route_of_the_document_and_no_other() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi/communs.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut documented = BTreeSet::new();
    for (route, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|key| is_method(key)) {
            documented.insert(format!("{} {route}", method.to_uppercase()));
        }
    }
    let tried: BTreeSet<String> = rows().map(|row| format!("{} {}", row.method, row.route)).collect();
    assert_eq!(tried, documented);
}

/// A path of the document also carries members that are no operations.
fn is_method(key: &str) -> bool {
    matches!(key, "get" | "put" | "post" | "delete" | "patch" | "head" | "options" | "trace")
}
