//! DynamoDB: one table a domain, keys built in one file from typed inputs, conditional transactions.

pub mod communs;
pub mod coop;
pub(crate) mod deflated;
pub mod droits;
pub mod error;
pub(crate) mod merge;
pub(crate) mod schema;
pub mod table;
pub mod transaction;

use std::time::Duration;

/// The longest an operation of the store may take, its retries included: what is not written by then never will be.
/// The events feed relies on it.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
