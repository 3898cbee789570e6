//! The store against the embedded engines.

mod table;
mod unavailable;
