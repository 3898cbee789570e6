//! The command line: `passerelle` starts the whole stack on loopback, `passerelle demo` plays the example flow.
//!
//! Everything the person reads is in French. A failure is one sentence on the error stream and one of the
//! [`Failure`] statuses.

mod arguments;
mod copy_table;
mod data_folder;
mod keys;
mod serve;
mod sync_all;

use std::io::Write as _;
use std::process::ExitCode;

use crate::demo;
use arguments::{Command, Domain, Parsed};

/// Why the program ended otherwise than asked, and with which exit status.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Status 1: something nobody foresaw.
    #[error("{0}")]
    Unexpected(String),
    /// Status 2: the arguments were not understood.
    #[error("{0}")]
    Arguments(String),
    /// Status 3: a port is in use, or may not be used.
    #[error("{0}")]
    Port(String),
    /// Status 4: the data folder is damaged, unreadable, or held by another process.
    #[error("{0}")]
    Data(String),
    /// Status 5: the stack could not start.
    #[error("{0}")]
    Stack(String),
    /// Status 6: a step of the demonstration did not go as expected.
    #[error("{0}")]
    Demo(String),
}

impl Failure {
    const fn status(&self) -> u8 {
        match self {
            Self::Unexpected(_) => 1,
            Self::Arguments(_) => 2,
            Self::Port(_) => 3,
            Self::Data(_) => 4,
            Self::Stack(_) => 5,
            Self::Demo(_) => 6,
        }
    }
}

/// Runs the program with the arguments of this process, to its end.
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if the error stream is closed too.
            let _ = writeln!(std::io::stderr(), "passerelle : {failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn run() -> Result<(), Failure> {
    let command = match arguments::parse(std::env::args_os())? {
        Parsed::Command(command) => command,
        Parsed::Help(text) => return print(&text),
    };
    log_to_stderr();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unexpected(format!("démarrage impossible : {error}")))?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve(options) => serve::serve(options).await,
            Command::CopyTable(copy) => copy_table::copy_table(copy).await,
            Command::Keys(options) => keys::keys(options).await,
            Command::SyncAll(options) => sync_all::sync_all(options).await,
            Command::Demo { domain } => {
                let mut out = std::io::stdout();
                let played = match domain {
                    Domain::Communs => demo::play(&mut out).await,
                    Domain::Droits => demo::droits::play(&mut out).await,
                    Domain::Coop => demo::coop::play(&mut out).await,
                };
                played.map_err(|error| Failure::Demo(error.to_string()))
            }
        }
    });
    // Receives that wait for messages must not hold the process back.
    runtime.shutdown_background();
    outcome
}

/// Logs go to the error stream, apart from what the commands print. `RUST_LOG` says how much; by default, only
/// what needs attention.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// An error of the store or of AWS with its causes, which say more than its own text.
fn table_failure(error: &(dyn std::error::Error + 'static)) -> Failure {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let told: Vec<String> = causes.map(ToString::to_string).collect();
    Failure::Unexpected(format!("table inaccessible : {}", told.join(" : ")))
}

fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::Unexpected(format!("écriture impossible : {error}")))
}
