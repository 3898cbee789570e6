//! Demonstration data, one file a domain.

pub mod coop;
pub mod droits;
