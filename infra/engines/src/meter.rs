//! What DynamoDB charges: while a meter runs, every call is asked for its consumed capacity, which is written down.
//!
//! The figures are the engine's own, index by index, by the rules AWS publishes; a call that is refused is not
//! charged here, though AWS charges a write whose condition fails.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use super::wire::WireAnswer;

/// One call of DynamoDB, and what it consumed in capacity units.
#[derive(Debug, Clone, PartialEq)]
pub struct Metered {
    /// The operation, for instance `TransactWriteItems`.
    pub operation: String,
    /// The request as sent.
    pub request: Value,
    /// Read units, those of an index included.
    pub read: f64,
    /// Write units on the table, those of a transaction counted twice as AWS does.
    pub write: f64,
    /// Write units on secondary indexes.
    pub index_write: f64,
}

/// Writes down the calls of DynamoDB between [`Meter::start`] and [`Meter::stop`]. Costs one lock per call when off.
#[derive(Debug, Default)]
pub struct Meter {
    calls: Mutex<Option<Vec<Metered>>>,
}

impl Meter {
    /// Begins to measure, from nothing.
    pub fn start(&self) {
        *self.lock() = Some(Vec::new());
    }

    /// Ends the measure and answers the calls in the order of their answers.
    #[must_use]
    pub fn stop(&self) -> Vec<Metered> {
        self.lock().take().unwrap_or_default()
    }

    /// The request to make instead of `body`, which also asks for its cost; `None` while nothing is measured.
    pub(super) fn asking(&self, body: &[u8]) -> Option<(Value, Bytes)> {
        self.lock().as_ref()?;
        let request: Value = serde_json::from_slice(body).ok()?;
        let mut asking = request.clone();
        asking.as_object_mut()?.insert("ReturnConsumedCapacity".to_owned(), json!("INDEXES"));
        Some((request, Bytes::from(asking.to_string())))
    }

    /// Writes down a call that was answered.
    pub(super) fn record(&self, operation: &str, request: Value, answer: &WireAnswer) {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let consumed = match &body["ConsumedCapacity"] {
            Value::Array(tables) => tables.clone(),
            table => vec![table.clone()],
        };
        let sum = |units: &dyn Fn(&Value) -> f64| consumed.iter().map(units).sum::<f64>();
        let total = sum(&|table| table["CapacityUnits"].as_f64().unwrap_or(0.0));
        let indexes = sum(&|table| {
            let indexes = table["GlobalSecondaryIndexes"].as_object();
            indexes.into_iter().flat_map(|all| all.values()).filter_map(|index| index["CapacityUnits"].as_f64()).sum()
        });
        let reads = matches!(operation, "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" | "Scan");
        let (read, write, index_write) = if reads { (total, 0.0, 0.0) } else { (0.0, total - indexes, indexes) };
        if let Some(calls) = self.lock().as_mut() {
            calls.push(Metered { operation: operation.to_owned(), request, read, write, index_write });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Metered>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
