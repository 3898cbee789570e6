//! Clients of HTTP services that are not ours.

pub mod signed;
pub mod webhook;
