//! Runs the acceptance cases: `cargo test --test cases [-- FILTER]`.
//!
//! Cases are data, in any language's reach: HTTP requests in, answers and webhooks out. Each runs on a
//! fresh in-memory stack with a clock of its own. A construct this runner does not know fails the case.
//! The cases are those of `tests/cases`, or of `CASES_DIR` if that is set.

mod awaited;
mod coop;
mod droits;
mod format;
mod given;
mod permissions;
mod pure;
mod report;
mod short_names;
mod steps;
mod subscriptions;
mod world;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use acceptance::case_files;
use acceptance::workspace::root;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::awaited::Awaited;
use crate::format::{Case, Content};
use crate::report::{Outcome, Report};

/// Cases that compute: a few at a time.
const QUICK_AT_ONCE: usize = 4;
/// Cases that wait for a silent party: they cost no processor time.
const SLOW_AT_ONCE: usize = 16;
/// No case takes that long, hangs included.
const LONGEST: Duration = Duration::from_secs(180);

fn main() -> io::Result<ExitCode> {
    // Options are cargo's or an editor's (`--nocapture`): they mean nothing here.
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (folder, awaited) = match std::env::var_os("CASES_DIR") {
        // Cargo runs tests in their package: a relative folder is meant from the root.
        Some(folder) => (root().join(folder), Awaited::default()),
        None => (case_files::folder(), Awaited::of_repository()),
    };
    let mut report = Report::new(io::stdout(), awaited);
    let cases = load(&folder, &mut report)?;
    let mut whole = filters.is_empty();
    if whole {
        let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
        report.idle_lines(&ids)?;
        if cases.is_empty() {
            report.failure(&folder.display().to_string(), "aucun cas")?;
        }
        let kept = load(&case_files::folder(), &mut report)?;
        whole = kept.iter().all(|case| ids.contains(&case.id.as_str()));
    }
    let chosen = cases
        .into_iter()
        .filter(|case| filters.is_empty() || filters.iter().any(|filter| case.id.contains(filter)))
        .collect();
    tokio::runtime::Runtime::new()?.block_on(run(chosen, &mut report))?;
    // Fewer cases than the repository keeps need less than the functions may do.
    if whole {
        for difference in permissions::differences() {
            report.failure("permissions", &difference)?;
        }
    }
    let counts = report.close()?;
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads every case under a folder; a file that is no list of cases is a failure of its own.
fn load(folder: &Path, report: &mut Report<io::Stdout>) -> io::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let files = match case_files::json_files(folder) {
        Ok(files) => files,
        Err(error) => {
            report.failure(&folder.display().to_string(), &format!("dossier illisible: {error}"))?;
            return Ok(cases);
        }
    };
    for file in files {
        let aside = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_'));
        match serde_json::from_str(&std::fs::read_to_string(&file)?) {
            Ok(Value::Array(elements)) => cases.extend(elements.into_iter().map(Case::parse)),
            Ok(_) | Err(_) if aside => {}
            Ok(_) => report.failure(&file.display().to_string(), "ce n'est pas une liste de cas")?,
            Err(error) => report.failure(&file.display().to_string(), &error.to_string())?,
        }
    }
    Ok(cases)
}

/// Runs the cases side by side and reports them in the order of the files.
async fn run(cases: Vec<Case>, report: &mut Report<io::Stdout>) -> io::Result<()> {
    let quick = Arc::new(Semaphore::new(QUICK_AT_ONCE));
    let slow = Arc::new(Semaphore::new(SLOW_AT_ONCE));
    let running: Vec<(Arc<Case>, JoinHandle<Outcome>)> = cases
        .into_iter()
        .map(|case| {
            let case = Arc::new(case);
            let turn = Arc::clone(if case.is_slow() { &slow } else { &quick });
            (Arc::clone(&case), tokio::spawn(run_one(case, turn)))
        })
        .collect();
    for (case, task) in running {
        let outcome = task.await.unwrap_or_else(|panic| Err(format!("panique: {panic}")));
        report.case(&case, outcome)?;
    }
    Ok(())
}

async fn run_one(case: Arc<Case>, turn: Arc<Semaphore>) -> Outcome {
    let _turn = turn.acquire().await.map_err(|error| error.to_string())?;
    match &case.content {
        Content::Pure { rule, input, expect } => pure::check(rule, input, expect),
        Content::Unknown(construct) => Err(construct.clone()),
        Content::Scenario(scenario) => tokio::time::timeout(LONGEST, steps::play(scenario))
            .await
            .unwrap_or_else(|_| Err(format!("pas fini après {} s", LONGEST.as_secs()))),
    }
}
