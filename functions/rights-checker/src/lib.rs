//! The HTTP API of droits: accounts, sign-in, change of establishment and the data they open, each decided against
//! Portail DF, with the reason shown.
//!
//! Handlers gather facts, call a pure decision of `domain::droits`, and carry out what it says in one conditional
//! transaction. The same function sends the mails (SQS, schedule), and ends accounts that nobody uses
//! (schedule).
//!
//! Source: docs/spec/droits.md

mod app;
mod attempts;
mod audit;
mod caller;
mod decisions;
mod export;
mod links;
mod lists;
mod mails;
mod openapi;
mod refusals;
mod retention;
mod routes;
mod second_factor;
mod sessions;

pub use app::{App, Config, StartError};
pub use export::Export;
pub use mails::Mails;
pub use openapi::document;
pub use routes::{OPERATIONS, router};
