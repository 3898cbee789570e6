//! The rules of Passerelle: what a project, a webhook, a right and an emploi are, and what is decided about them.
//!
//! Everything here is pure: facts and `now` in, a value out. The manifest has no AWS SDK, no HTTP and no async runtime,
//! so that no rule can reach for the outside world. Dependencies run one way:
//! `reference <- communs | webhooks | droits | coop`; `webhooks` may name the event type of `communs`.

#![warn(missing_docs)]

pub mod api_key;
pub mod body;
pub mod communs;
pub mod coop;
pub mod droits;
pub mod fair_share;
pub mod instant;
pub mod query;
pub mod reference;
pub mod uuid_text;
pub mod webhooks;
