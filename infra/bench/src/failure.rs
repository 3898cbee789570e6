//! What can go wrong. Messages are one French sentence.

use std::io;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The system refused something.
    #[error("{what} : {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// A process did not do what it should.
    #[error("{program} : {detail}")]
    Process {
        /// Its name.
        program: String,
        /// What happened.
        detail: String,
    },
    /// An HTTP request failed.
    #[error("{request} : {source}")]
    Http {
        /// Method and path.
        request: String,
        /// The client's error.
        source: reqwest::Error,
    },
    /// An HTTP request was refused.
    #[error("{request} a répondu {answer}")]
    Refused {
        /// Method and path.
        request: String,
        /// Status and body.
        answer: String,
    },
    /// The arguments make no sense.
    #[error("{0}")]
    Arguments(String),
    /// The user had enough.
    #[error("interrompu")]
    Interrupted,
}

impl Failure {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }

    pub(crate) fn process(program: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Process { program: program.into(), detail: detail.into() }
    }
}
