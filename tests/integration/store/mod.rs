//! The store against the embedded engines.

mod loads;
mod older_forms;
mod table;
mod unavailable;
