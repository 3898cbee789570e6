//! `bench nightly`: all users of La Coop synchronised, beside a stand-in for the Dataspace that takes its time; twice,
//! since the first night creates what the second finds unchanged.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::arguments::{NightlyOptions, Place};
use crate::build;
use crate::failure::Failure;
use crate::process::{Process, Usage};

/// Between two looks at the memory of the process.
const LOOK: Duration = Duration::from_millis(100);
/// What to reach with 10,000 users, in seconds and MiB.
const GOAL: (f64, f64) = (70.0, 128.0);

/// What `passerelle sync-all --json` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    run: Run,
    elapsed_ms: u64,
}

/// The run, as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    status: String,
    total: u64,
    synced: u64,
    no_op: u64,
    failed: u64,
}

/// One night as measured.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Night {
    name: &'static str,
    users: u64,
    seconds: f64,
    users_per_second: f64,
    #[serde(flatten)]
    usage: Usage,
}

/// Runs two nights on one data folder and prints what they took.
///
/// # Errors
/// Also when a user was not synchronised.
pub(crate) async fn run(options: NightlyOptions) -> Result<(), Failure> {
    let Place { binary, folder } = options.place;
    let program = build::passerelle(binary).await?;
    let place = folder.map_or_else(build::folder, Ok)?;
    let data = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(&place)
        .map_err(|error| Failure::io(format!("création d'un dossier dans {}", place.display()), error))?;
    crate::print(&format!(
        "{} utilisateurs, Dataspace en {} ms ; à tenir pour 10 000 : {:.0} s, {:.0} Mio\n\
         nuit              durée    utilisateurs/s   processeur   mémoire, au plus\n",
        options.users, options.delay, GOAL.0, GOAL.1
    ))?;
    let mut nights = Vec::new();
    for name in ["première", "sans changement"] {
        let night = night(name, &program, data.path(), options.users, options.delay).await?;
        crate::print(&night.line())?;
        nights.push(night);
    }
    data.close().map_err(|error| Failure::io("suppression du dossier de données", error))?;
    match options.json {
        Some(file) => crate::report::written(&file, &nights),
        None => Ok(()),
    }
}

async fn night(name: &'static str, program: &Path, data: &Path, users: u64, delay: u64) -> Result<Night, Failure> {
    let mut command = Command::new(program);
    command.args(["sync-all", "--json", "--users", &users.to_string(), "--delay", &delay.to_string()]);
    command.arg("--data").arg(data.join("data"));
    let mut process = Process::start("passerelle sync-all", command)?;
    let mut usage = Usage::default();
    // What a process has used is gone with it: it is watched until its last line.
    let line = loop {
        usage = latest(usage, process.usage());
        tokio::select! {
            line = process.line() => break line?,
            () = tokio::time::sleep(LOOK) => {}
        }
    };
    let told: Told = serde_json::from_str(&line)
        .map_err(|error| Failure::process("passerelle sync-all", format!("bilan illisible : {error}")))?;
    let run = told.run;
    if run.status != "completed" || run.failed > 0 || run.synced + run.no_op < run.total || run.synced < users {
        return Err(Failure::process("passerelle sync-all", format!("synchronisation incomplète : {line}")));
    }
    let seconds = Duration::from_millis(told.elapsed_ms).as_secs_f64();
    Ok(Night { name, users: run.total, seconds, users_per_second: run.total as f64 / seconds.max(0.001), usage })
}

/// The newer reading, unless the process is gone already.
fn latest(known: Usage, read: Usage) -> Usage {
    if read.peak_mib > 0.0 { read } else { known }
}

impl Night {
    fn line(&self) -> String {
        format!(
            "{:<16} {:>6.1} s {:>16.0} {:>10.1} s {:>14.0} Mio\n",
            self.name, self.seconds, self.users_per_second, self.usage.cpu_seconds, self.usage.peak_mib
        )
    }
}
