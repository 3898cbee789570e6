//! What the functions of Passerelle share beside its rules (crate `domain`): the store, clients of other people's
//! APIs, what an HTTP API needs, who calls, and the platform.
//!
//! Dependencies run one way: `domain <- platform <- identity <- store | clients <- web <- functions <- infra/local`.

pub mod backlog;
pub mod clients;
pub mod identity;
pub mod platform;
pub mod store;
pub mod web;

/// The version of the workspace, which logs, answers, `OpenAPI` documents and outgoing requests carry.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
