//! `passerelle sync-all`: the nightly synchronisation, now, on the data of the local stack, followed to its end.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use axum::http::Method;
use domain::api_key::COOP;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle_operator::process::print;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Failure;
use super::arguments::SyncAllOptions;
use super::data_folder::DataFolder;
use super::serve::{called, registered, stack_failure, unavailable};
use crate::caller::Caller;
use crate::demo::data;
use crate::demo::registry::ServiceRegistry;
use crate::stack::{Stack, StackOptions};
use crate::stand_ins::StandIns;

/// Between two looks at the run.
const LOOK: Duration = Duration::from_millis(200);
/// Between two lines where the progress cannot be drawn over itself.
const LINE: Duration = Duration::from_secs(5);
/// Width of the bar.
const BAR: usize = 30;

/// What the API says of a run.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    id: String,
    status: String,
    duration_ms: Option<u64>,
    total: u64,
    synced: u64,
    no_op: u64,
    failed: u64,
    quarantined: u64,
    pending: u64,
    emplois: Emplois,
}

/// Its emplois.
#[derive(Deserialize)]
struct Emplois {
    seen: u64,
    removed: u64,
}

/// Runs the nightly synchronisation once and tells how it went.
pub(super) async fn sync_all(options: SyncAllOptions) -> Result<(), Failure> {
    let folder = if options.memory { None } else { Some(DataFolder::open(&options.data)?) };
    let mut registry = folder.as_ref().map(DataFolder::read_registry).transpose()?.unwrap_or_default();
    let storage = folder.as_ref().map_or(Storage::Memory, |folder| Storage::Directory(folder.engines()));
    let stand_ins = StandIns::start().await.map_err(unavailable)?;
    data::teach(&stand_ins);
    stand_ins.dataspace.answer_after(Duration::from_millis(options.delay));
    let started = Stack::start(stand_ins.point_at(StackOptions::new(storage, Clock::system()))).await;
    let stack = started.map_err(stack_failure)?;
    let save = |registry: &ServiceRegistry| folder.as_ref().map_or(Ok(()), |folder| folder.write_registry(registry));
    let keys = registry.keys(&stack, COOP, &save).await.map_err(registered)?;
    let coop = Caller::new(stack.api(), keys.sync_key);
    data::coop::register(&coop, options.users).await.map_err(called)?;

    let background = stack.run_in_background();
    let began = Instant::now();
    stack.sync_all().await.map_err(stack_failure)?;
    let (run, told) = follow(&coop, began).await?;
    let elapsed = began.elapsed();
    background.stop().await;
    let text = if options.json {
        format!("{}\n", json!({"run": told, "elapsedMs": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)}))
    } else {
        summary(&run, elapsed)
    };
    Ok(print(&text)?)
}

/// Follows the newest run until nothing of it is left to do, drawing its progress. The run, read and as told.
async fn follow(coop: &Caller, began: Instant) -> Result<(Run, Value), Failure> {
    let list = coop.call(Method::GET, "/coop/v1/sync-runs", None).await.map_err(called)?;
    let path = format!("/coop/v1/sync-runs/{}", list["items"][0]["id"].as_str().unwrap_or_default());
    let mut progress = Progress::default();
    loop {
        let told = coop.call(Method::GET, &path, None).await.map_err(called)?;
        let run: Run = serde_json::from_value(told.clone())
            .map_err(|error| Failure::Unexpected(format!("synchronisation illisible : {error}")))?;
        let over = run.status != "running";
        progress.draw(&run, began.elapsed(), over);
        if over {
            return Ok((run, told));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The progress on the error stream: a bar drawn over itself in a terminal, a line now and then elsewhere.
#[derive(Default)]
struct Progress {
    told: Option<Duration>,
}

impl Progress {
    fn draw(&mut self, run: &Run, elapsed: Duration, over: bool) {
        let mut err = std::io::stderr();
        let terminal = err.is_terminal();
        if !(terminal || over || self.told.is_none_or(|told| elapsed >= told + LINE)) {
            return;
        }
        self.told = Some(elapsed);
        let (before, after) = if terminal { ("\r", if over { "\n" } else { "" }) } else { ("", "\n") };
        // A bar that cannot be drawn is no reason to stop.
        let _ = write!(err, "{before}{}{after}", line(run, elapsed)).and_then(|()| err.flush());
    }
}

fn line(run: &Run, elapsed: Duration) -> String {
    let done = run.total.saturating_sub(run.pending);
    let part = |of: u64| usize::try_from(done * of / run.total.max(1)).unwrap_or_default();
    let filled = part(BAR as u64).min(BAR);
    let pace = done as f64 / elapsed.as_secs_f64().max(0.001);
    format!(
        "[{}{}] {:3} %  {done}/{}  {pace:.0}/s  échecs : {}",
        "█".repeat(filled),
        "·".repeat(BAR - filled),
        part(100),
        run.total,
        run.failed
    )
}

fn summary(run: &Run, elapsed: Duration) -> String {
    let outcome = match run.status.as_str() {
        "paused" => format!(
            "en pause : trop d'emplois seraient supprimés. Après examen : POST /coop/v1/sync-runs/{}/resume",
            run.id
        ),
        _ => "terminée".to_owned(),
    };
    let seconds = run.duration_ms.map_or(elapsed.as_secs_f64(), |ms| ms as f64 / 1_000.0);
    format!(
        "\
Synchronisation {outcome}
  utilisateurs       {total}
  synchronisés       {synced} (dont {quarantined} avec une partie illisible)
  non trouvés        {no_op}
  en échec           {failed}
  en attente         {pending}
  emplois            {seen} vus, {removed} supprimés
  durée              {seconds:.1} s
",
        total = run.total,
        synced = run.synced,
        quarantined = run.quarantined,
        no_op = run.no_op,
        failed = run.failed,
        pending = run.pending,
        seen = run.emplois.seen,
        removed = run.emplois.removed,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: &str, pending: u64) -> Run {
        Run {
            id: "r1".to_owned(),
            status: status.to_owned(),
            duration_ms: None,
            total: 200,
            synced: 195 - pending,
            no_op: 4,
            failed: 1,
            quarantined: 2,
            pending,
            emplois: Emplois { seen: 400, removed: 3 },
        }
    }

    #[test]
    fn progress_is_one_line() {
        let bar = format!("[{}{}]", "█".repeat(15), "·".repeat(15));
        let expected = format!("{bar}  50 %  100/200  50/s  échecs : 1");
        assert_eq!(line(&run("running", 100), Duration::from_secs(2)), expected);
        let empty = Run { total: 0, pending: 0, ..run("completed", 0) };
        assert!(line(&empty, Duration::ZERO).contains("  0 %  0/0"));
    }

    #[test]
    fn a_pause_says_how_to_go_on() {
        let told = summary(&run("paused", 50), Duration::from_secs(3));
        assert!(told.contains("en pause") && told.contains("/coop/v1/sync-runs/r1/resume"), "{told}");
        let told = summary(&run("completed", 0), Duration::from_secs(3));
        assert!(told.starts_with("Synchronisation terminée\n") && told.contains("400 vus, 3 supprimés"), "{told}");
    }
}
