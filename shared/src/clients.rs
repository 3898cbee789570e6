//! Clients of HTTP services that are not ours.

pub mod brevo;
pub mod contacts;
pub mod dataspace;
pub mod outgoing;
pub mod portail_df;
pub mod signed;
mod trust;
pub mod webhook;
