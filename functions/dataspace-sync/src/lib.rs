//! The coop domain: users, emplois, roles and Brevo contacts of La Coop, kept in step with the Dataspace.
//!
//! An HTTP API for La Coop, a nightly run over all users, and the outbox of Brevo. Decisions are pure functions of
//! `domain::coop`; what they say is carried out in one conditional transaction.
//!
//! Source: docs/spec/coop.md

mod app;
mod batch;
mod caller;
mod contacts;
mod inscription;
mod jobs;
mod lister;
mod nightly;
mod openapi;
mod routes;
mod sync;
mod users;
mod view;

pub use app::{App, Config, StartError};
pub use batch::ScheduleError;
pub use openapi::document;
pub use routes::{OPERATIONS, router};
