//! The demonstration, all of it: its data, the services with their keys and inboxes, and the stories that are played.

pub mod communs;
pub mod coop;
pub mod data;
pub mod droits;
pub mod inbox;
pub mod registry;
mod scene;

/// Why a story stopped. The message is one French sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DemoError(String);

impl DemoError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    fn from_error(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}
