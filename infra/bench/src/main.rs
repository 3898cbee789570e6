//! The benchmark of Passerelle. See `docs/benchmarks.md`.
//!
//! Three processes take part, as they would in real life: the local stack (`passerelle serve`), the receivers
//! (`bench sink`) and the clients (`bench load`). A fourth, this program as the user started it, sets them up and
//! compares their books. Instants are nanoseconds of the system clock, which all of them read.

mod arguments;
mod book;
mod build;
mod coldstart;
mod crash;
mod export;
mod failure;
mod figures;
mod load;
mod nightly;
mod process;
mod report;
mod scenario;
mod sink;
mod start;
mod webhooks;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if the error stream is closed too.
            let _ = writeln!(std::io::stderr(), "bench : {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    // One thread each: on two cores the harness must leave room for what it measures.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("démarrage de l'exécuteur", error))?;
    let outcome = runtime.block_on(async {
        let work = async {
            match arguments.command {
                Command::Webhooks(options) => webhooks::run(options).await,
                Command::Crash(options) => crash::run(options).await,
                Command::Export => export::run(),
                Command::Nightly(options) => nightly::run(options).await,
                Command::Coldstart(options) => coldstart::run(options).await,
                Command::Start(options) => start::run(options).await,
                Command::Sink => sink::run().await,
                Command::Load => load::run().await,
            }
        };
        // Dropping the work ends the processes it started and removes its folders.
        tokio::select! {
            outcome = work => outcome,
            told = told_to_stop() => Err(told),
        }
    });
    runtime.shutdown_background();
    outcome
}

/// Resolves at Ctrl-C or SIGTERM.
async fn told_to_stop() -> Failure {
    #[cfg(unix)]
    let told = async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    };
    #[cfg(not(unix))]
    let told = tokio::signal::ctrl_c();
    match told.await {
        Ok(()) => Failure::Interrupted,
        Err(error) => Failure::io("attente des signaux", error),
    }
}

/// Writes to the standard output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::io("écriture", error))
}
