//! The bodies of requests and answers, as documented, by noun.
//!
//! Handlers read and write JSON by hand; these types only describe it. Their doc comments are the text of the
//! `OpenAPI` document, which is read by developers of French public services: they are in French.
#![expect(dead_code, reason = "described, never built: only `ToSchema` reads these fields")]

pub(crate) mod bulk;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod me;
pub(crate) mod permission;
pub(crate) mod person;
pub(crate) mod project;
pub(crate) mod statut;
pub(crate) mod webhook;
