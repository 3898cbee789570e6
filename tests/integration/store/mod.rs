//! The store against the embedded engines.

mod loads;
mod lost_answers;
mod older_forms;
mod table;
mod unavailable;
