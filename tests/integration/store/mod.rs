//! The store against the embedded engines.

mod table;
