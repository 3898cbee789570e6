//! What each access path costs in units of DynamoDB, compared with the committed table of docs/scaling-table.md.

mod bill;
mod paths;
mod world;

use std::path::{Path, PathBuf};

use engines::Metered;
use world::MeteredWorld;

/// The design's budget for one change told to three receivers, in write units. It is held to by a project with every
/// member filled in, whose stored event fits into one kibibyte; docs/scaling.md says what larger ones cost.
const BUDGET: f64 = 12.0;

/// The calls of one change of a filled-in project, and of telling three receivers.
pub async fn change() -> (Vec<Metered>, Vec<Metered>) {
    let mut metered = MeteredWorld::start().await;
    paths::writes(&mut metered).await;
    paths::deliveries(&mut metered).await;
    (metered.billed(paths::UPDATE).calls.clone(), metered.billed(paths::FAN_OUT).calls.clone())
}

fn table_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scaling-table.md")
}

// The receivers answer on another thread than the one that is kept busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_path_costs_what_the_table_says() {
    let mut metered = MeteredWorld::start().await;
    paths::writes(&mut metered).await;
    paths::reads(&mut metered).await;
    paths::deliveries(&mut metered).await;
    paths::lists(&mut metered).await;
    paths::erasure(&mut metered).await;

    let calls = || metered.bills.iter().flat_map(|bill| &bill.calls);
    assert!(calls().all(|call| call.operation != "Scan"), "a path walks the whole table");

    let change = [metered.billed(paths::UPDATE), metered.billed(paths::FAN_OUT)];
    let committed = std::fs::read_to_string(table_file()).unwrap_or_default();
    let measured = bill::render(&metered.bills, &change, &committed);
    expectorate::assert_contents(table_file(), &measured);
    let units: f64 = change.iter().map(|bill| bill.write()).sum();
    assert!(units <= BUDGET, "one change costs {units} write units, {BUDGET} are budgeted");
}

#[test]
fn no_role_may_scan() {
    // The local stack refuses what a role does not allow: what cannot be granted cannot be called.
    let template = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")).unwrap();
    assert!(!template.contains("dynamodb:Scan") && !template.contains("dynamodb:*"));
}
