//! Runs the acceptance cases: `cargo test --test cases [-- FILTER]`, with the options of any Rust test
//! (`--list`, `--exact`, `--skip`, `--test-threads`).
//!
//! With `UNKIND_SEED=<number>` the engines treat every case as AWS may on a bad day (`engines::Faults::be_unkind`), but
//! those of `tests/cases/kind-only.txt`.
//!
//! The cases are those of `tests/cases`, or of `CASES_DIR` if that is set.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use acceptance::case_files;
use acceptance::cases::listed::Listed;
use acceptance::cases::{Case, Folder, metrics, permissions};
use acceptance::measured;
use acceptance::workspace::root;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::runtime::Runtime;

/// For each processor: a case waits for its stand-ins about as much as it computes.
const CASES_PER_PROCESSOR: usize = 2;

/// The lines of the failures, repeated at the end in the order in which they came.
type Failures = Arc<Mutex<Vec<String>>>;

/// The cases of the repository that are set apart.
#[derive(Default)]
struct Lists {
    awaited: Listed,
    kind_only: Listed,
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = Arguments::from_args();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(CASES_PER_PROCESSOR * processors);
    let (folder, lists) = match std::env::var_os("CASES_DIR") {
        // Cargo runs tests in their package: a relative folder is meant from the root.
        Some(folder) => (root().join(folder), Lists::default()),
        None => (case_files::folder(), Lists { awaited: Listed::awaited()?, kind_only: Listed::kind_only()? }),
    };
    let unkind = std::env::var("UNKIND_SEED").ok().map(|seed| seed.parse()).transpose()?;
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && folder == case_files::folder();
    measured::start();
    let failures = Failures::default();
    let trials = trials(&folder, lists, unkind, &failures)?;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return Ok(conclusion.exit_code());
    }
    let mut failures = std::mem::take(&mut *failures.lock().unwrap_or_else(PoisonError::into_inner));
    // Fewer cases than the repository keeps need less than the functions may do, and measure less.
    if whole {
        failures.extend(permissions::differences().into_iter().map(|difference| format!("permissions: {difference}")));
        failures.extend(metrics::differences().into_iter().map(|difference| format!("métriques: {difference}")));
    }
    println!("{}", closing(conclusion.num_passed, &failures));
    Ok(if failures.is_empty() { conclusion.exit_code() } else { ExitCode::FAILURE })
}

/// The cases below a folder, and what is wrong with its files.
fn trials(
    folder: &Path,
    lists: Lists,
    unkind: Option<u64>,
    failures: &Failures,
) -> Result<Vec<Trial>, Box<dyn std::error::Error>> {
    let read = Folder::read(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let ids: Vec<&str> = read.cases.iter().map(|case| case.id.as_str()).collect();
    let idle = lists.awaited.idle(&ids).chain(lists.kind_only.idle(&ids));
    let empty = read.cases.is_empty().then(|| (folder.display().to_string(), "aucun cas".to_owned()));
    let faults: Vec<(String, String)> = read.unreadable.into_iter().chain(idle).chain(empty).collect();
    let faults = faults.into_iter().map(|(place, fault)| {
        let failures = Arc::clone(failures);
        Trial::test(place.clone(), move || Err(failed(&failures, format!("{place}: {fault}"))))
    });
    let (runtime, lists) = (Arc::new(Runtime::new()?), Arc::new(lists));
    let mut cases = read.cases;
    // Those that wait in real time begin first: the others fill the time.
    cases.sort_by_key(|case| !case.is_slow());
    let cases = cases.into_iter().map(|case| {
        let (runtime, lists, failures) = (Arc::clone(&runtime), Arc::clone(&lists), Arc::clone(failures));
        Trial::ignorable_test(case.id.clone(), move || judged(&case, unkind, &runtime, &lists, &failures))
    });
    Ok(faults.chain(cases).collect())
}

/// Runs a case. One that is awaited may fail, and must not pass; unkind engines leave some out.
fn judged(
    case: &Case,
    unkind: Option<u64>,
    runtime: &Runtime,
    lists: &Lists,
    failures: &Failures,
) -> Result<Completion, Failed> {
    if let Some(reason) = lists.kind_only.reason(&case.id).filter(|_| unkind.is_some()) {
        return Ok(Completion::ignored_with(reason));
    }
    let difference = match (runtime.block_on(case.run(unkind)), lists.awaited.reason(&case.id)) {
        (Ok(()), None) => return Ok(Completion::Completed),
        (Err(_), Some(reason)) => return Ok(Completion::ignored_with(reason)),
        (Err(difference), None) => difference,
        (Ok(()), Some(_)) => "passe désormais, à retirer de tests/cases/awaited.txt".to_owned(),
    };
    Err(failed(failures, format!("{} {}: {difference}", case.id, case.title)))
}

fn failed(failures: &Failures, line: String) -> Failed {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    failures.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
    line.into()
}

/// A line for each failure, then the count.
fn closing(passed: u64, failures: &[String]) -> String {
    let lines: String = failures.iter().map(|line| format!("FAILED {line}\n")).collect();
    format!("{lines}{passed} passed, {} failed", failures.len())
}
