//! Who may do what in communs.

mod callers;
mod fixture;
mod rows;

use std::collections::BTreeSet;

use super::table::{Table, answer, cell};
use fixture::Scene;
use rows::{Row, rows};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_communs_as_every_caller() {
    let running: Vec<_> = rows().map(|row| (row, tokio::spawn(line(row)))).collect();
    let mut lines = Vec::new();
    for (row, cells) in running {
        lines.push((row.label(), cells.await.unwrap()));
    }
    let columns = Scene::start().await.columns;
    let note = "The project was created by mec and is linked to tet; the webhook is mec's.";
    Table { domain: "communs", note, columns, lines }.compare();
}

/// The cells of one row, in a world of its own.
async fn line(row: Row) -> Vec<String> {
    let mut scene = Scene::start().await;
    let mut fixture = scene.fixture(row.target).await;
    let mut cells = Vec::new();
    for column in scene.columns.clone() {
        fixture.service = if column.service == "-" { callers::CREATOR } else { column.service };
        let body = (row.body)(&fixture);
        let answer = answer(&scene.api, &row.method(), &row.path(&fixture), &column.caller, body.as_ref()).await;
        cells.push(cell(&answer));
        // A refusal changes nothing: if it did, the next cells would show it.
        if row.changes() && answer.status.is_success() {
            scene.tidy(&fixture).await;
            fixture = scene.fixture(row.target).await;
        }
    }
    cells
}

#[test]
fn the_matrix_has_every_route_of_communs_and_no_other() {
    let routes = projects_api::OPERATIONS.iter();
    let documented: BTreeSet<String> =
        routes.map(|(method, route)| format!("{} {route}", method.to_uppercase())).collect();
    let tried: BTreeSet<String> = rows().map(|row| format!("{} {}", row.method, row.route)).collect();
    assert_eq!(tried, documented);
}
