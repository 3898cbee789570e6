//! DynamoDB: one table a domain, keys built in one file from typed inputs, conditional transactions.

mod batch;
pub mod communs;
pub mod coop;
pub(crate) mod deflated;
pub mod droits;
pub mod error;
mod guard;
pub mod item;
mod merge;
mod patience;
mod query;
mod schema;
pub mod shares;
pub mod table;
pub mod transaction;
mod update;
mod value;

use std::time::Duration;

/// The longest an operation of the store may take, its retries included: what is not written by then never will be.
/// The events feed relies on it.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
