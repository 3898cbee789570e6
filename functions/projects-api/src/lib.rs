//! The HTTP API of Les Communs: projects, links, permissions, statuts and webhooks of the connected services.
//!
//! Handlers translate: they read the request, gather facts from the store, call a pure decision of
//! `domain::communs` and commit what it says in one conditional transaction.
//!
//! Source: docs/spec/communs.md

mod access;
mod app;
mod caller;
mod creation;
mod idempotency;
mod openapi;
mod people;
mod precondition;
mod redelivery;
mod refusal;
mod routes;
mod webhooks;
mod writes;

pub use app::{App, Config, StartError};
pub use openapi::document;
pub use routes::{OPERATIONS, router};
