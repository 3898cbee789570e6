//! What the programs share: their streams and their exit status.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use crate::Failure;

/// Ends a program: a failure is told in one sentence, and gives its status.
pub fn exit<F: Display>(outcome: Result<(), F>, status: impl FnOnce(&F) -> u8) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do if the error stream is closed too.
            let _ = writeln!(std::io::stderr(), "passerelle : {failure}");
            ExitCode::from(status(&failure))
        }
    }
}

/// Writes to the output.
///
/// # Errors
/// When it is closed.
pub fn print(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| unwritten(&error))
}

pub(crate) fn unwritten(error: &std::io::Error) -> Failure {
    Failure::Unexpected(format!("écriture impossible : {error}"))
}

/// Logs go to the error stream, apart from what the commands print. `RUST_LOG` says how much; by default, only
/// what needs attention.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// What asynchronous commands run on.
///
/// # Errors
/// When the system allows no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Unexpected(format!("démarrage impossible : {error}")))
}
