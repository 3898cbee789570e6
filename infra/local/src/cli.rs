//! The command line: `passerelle` starts the whole stack on loopback, `passerelle demo` plays the example flow.
//!
//! Everything the person reads is in French. A failure is one sentence on the error stream and one of the
//! [`Failure`] statuses.

mod arguments;
mod data_folder;
mod greeting;
mod loopback;
mod serve;
mod sync_all;

use std::process::ExitCode;

use passerelle_operator::arguments::Parsed;
use passerelle_operator::process;

use crate::demo;
use arguments::{Command, Domain};

/// Why the program ended otherwise than asked, and with which exit status.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Status 1: something nobody foresaw.
    #[error("{0}")]
    Unexpected(String),
    /// Status 1, 2, 7 or 8: an operator's command, or the arguments.
    #[error(transparent)]
    Operator(#[from] passerelle_operator::Failure),
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
            Self::Operator(failure) => failure.status(),
            Self::Port(_) => 3,
            Self::Data(_) => 4,
            Self::Stack(_) => 5,
            Self::Demo(_) => 6,
        }
    }
}

/// Runs the program with the arguments of this process, to its end.
pub fn main() -> ExitCode {
    process::exit(run(), Failure::status)
}

fn run() -> Result<(), Failure> {
    let command = match arguments::parse(std::env::args_os())? {
        Parsed::Line(command) => command,
        Parsed::Text(text) => return Ok(process::print(&text)?),
    };
    process::log_to_stderr();
    let runtime = process::runtime()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve(options) => serve::serve(options).await,
            Command::Operator(command) => {
                passerelle_operator::run(command, &mut std::io::stdout()).await.map_err(Failure::from)
            }
            Command::SyncAll(options) => sync_all::sync_all(options).await,
            Command::Demo { domain } => {
                let mut out = std::io::stdout();
                let played = match domain {
                    Domain::Communs => demo::communs::play(&mut out).await,
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
