//! Les Communs: the shared copy of local projects. Pure rules, no I/O; `now` is an argument.
//!
//! Source: docs/spec/communs.md, docs/seeds/communs.md, tests/cases/communs/_shapes.md

pub mod content;
pub mod cursor;
pub mod digest;
pub mod draft;
pub mod event;
pub mod permission;
pub mod project;
pub mod statut;
pub mod view;
