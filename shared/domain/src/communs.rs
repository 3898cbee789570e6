//! Les Communs: the shared copy of local projects. Pure rules, no I/O; `now` is an argument.
//!
//! Source: docs/spec/communs.md, docs/seeds/communs.md, tests/cases/communs/_shapes.md

pub mod bodies;
pub mod content;
pub mod cursor;
pub mod digest;
pub mod event;
pub mod event_type;
pub mod examples;
pub mod judge;
pub mod link;
pub mod permission;
pub mod project;
pub mod statut;
pub mod values;
pub mod view;
