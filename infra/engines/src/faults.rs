//! Faults that tests make the engines suffer, to drive retry paths that no healthy engine takes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::unkind::Unkindness;
use super::wire::{WireAnswer, WireError};

pub(super) mod partial;

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The service asks to slow down; nothing was done.
    Throttle,
    /// DynamoDB reads nothing of a `BatchGetItem`, and says so: every key is left to be asked for again.
    Unprocessed,
    /// A batch is done in part, and says so: the first, third and so on of its keys are unprocessed (DynamoDB), of its
    /// entries failed (SQS).
    Partly,
    /// A query of an index is answered as it was some writes ago (DynamoDB in memory, once it is unkind).
    Lag,
    /// The call loses against another transaction (DynamoDB); nothing was done.
    Conflict,
    /// A transaction is cancelled because an item's capacity is used up (DynamoDB); nothing was done.
    ThrottledTransaction,
    /// A message is deleted, says the answer; it is delivered again all the same (SQS).
    Forgotten,
    /// The same, and they are there again at once.
    Revived,
    /// Messages are received the last one first (SQS).
    LastFirst,
    /// The service fails with status 500; nothing was done.
    ServerError,
    /// The call is done, but the connection breaks before its answer arrives.
    LostAnswer,
    /// The call is done after this much real time.
    Delay(Duration),
    /// Nothing goes wrong: lets a number of calls through before the next fault.
    Pass,
    /// The process is ended by SIGKILL when the call begins; nothing was done.
    Kill,
    /// The process is ended by SIGKILL when the call is done, before its answer.
    KillAfter,
}

/// The faults waiting for their calls, by operation name. Costs one lock per call when empty.
#[derive(Debug, Default)]
pub struct Faults {
    waiting: Mutex<HashMap<String, VecDeque<Fault>>>,
    unkind: OnceLock<Unkindness>,
}

impl Faults {
    /// Makes the next `calls` calls of `operation` (for instance `TransactWriteItems`) suffer `fault`,
    /// after the faults already waiting for that operation.
    pub fn inject(&self, operation: &str, fault: Fault, calls: usize) {
        let faults = std::iter::repeat_n(fault, calls);
        self.lock().entry(operation.to_owned()).or_default().extend(faults);
    }

    /// Forgets every fault still waiting.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many faults still wait for a call of `operation`.
    #[must_use]
    pub fn waiting(&self, operation: &str) -> usize {
        self.lock().get(operation).map_or(0, VecDeque::len)
    }

    /// From now on calls suffer what AWS may do to them, drawn from `seed`. There is no way back, and no second seed.
    pub(super) fn be_unkind(&self, seed: u64) {
        self.unkind.get_or_init(|| Unkindness::from_seed(seed));
    }

    /// Takes the fault of the call of `operation` that now begins.
    pub(super) fn next(&self, operation: &str, body: &[u8]) -> Option<Fault> {
        let injected = self.lock().get_mut(operation).and_then(VecDeque::pop_front);
        injected.or_else(|| self.unkind.get()?.draw(operation, body))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Fault>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends this process as a power cut would: nothing is flushed, nothing is dropped.
pub(super) async fn kill() {
    let signalled = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    if let Err(error) = signalled {
        tracing::error!(%error, "the process cannot end itself");
    }
    // The signal may take an instant: the call must not go on meanwhile.
    std::future::pending().await
}

/// How the service named by the prefix of `target` asks its callers to slow down.
pub(super) fn throttled(service: &str) -> WireAnswer {
    let error = match service {
        "AmazonSQS" => WireError::refused("com.amazonaws.sqs#RequestThrottled", "Rate exceeded")
            .with_query_code("RequestThrottled"),
        "secretsmanager" => WireError::refused("ThrottlingException", "Rate exceeded"),
        _ => WireError::refused(
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
    };
    error.into()
}

/// How DynamoDB answers a `BatchGetItem` of which it has read nothing.
pub(super) fn unprocessed(body: &[u8]) -> WireAnswer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    WireAnswer::of(&json!({ "Responses": {}, "UnprocessedKeys": request["RequestItems"] }))
}

/// How SQS says that messages are deleted which it will deliver again.
pub(super) fn forgotten(operation: &str, body: &[u8]) -> WireAnswer {
    if operation != "DeleteMessageBatch" {
        return WireAnswer::of(&json!({}));
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let entries = request["Entries"].as_array().into_iter().flatten();
    let deleted: Vec<Value> = entries.map(|entry| json!({ "Id": entry["Id"] })).collect();
    WireAnswer::of(&json!({ "Successful": deleted, "Failed": [] }))
}

/// The calls by which the messages of a `DeleteMessage` or `DeleteMessageBatch` are there again at once.
pub(super) fn revivals(body: &[u8]) -> Vec<Bytes> {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let alone = std::iter::once(&request);
    let entries = request["Entries"].as_array().into_iter().flatten();
    let handles = alone.chain(entries).filter_map(|entry| entry["ReceiptHandle"].as_str());
    let revival = |handle| {
        json!({ "QueueUrl": request["QueueUrl"], "ReceiptHandle": handle, "VisibilityTimeout": 0 }).to_string().into()
    };
    handles.map(revival).collect()
}

/// How DynamoDB says that `operation` met another transaction: the first item of a transaction is the
/// one in conflict, a single-item call is refused as such.
pub(super) fn conflicted(operation: &str, body: &[u8]) -> WireAnswer {
    if !operation.starts_with("Transact") {
        return WireError::refused(
            "com.amazonaws.dynamodb.v20120810#TransactionConflictException",
            "Transaction is ongoing for the item",
        )
        .into();
    }
    cancelled(body, "TransactionConflict", "Transaction is ongoing for the item")
}

/// How DynamoDB says that a transaction met a table, or an index, that is just being scaled.
pub(super) fn cancelled_by_throttle(body: &[u8]) -> WireAnswer {
    let message = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling \
        your table or index so please try again shortly.";
    cancelled(body, "ThrottlingError", message)
}

/// A transaction cancelled because of its first item.
fn cancelled(body: &[u8], code: &str, message: &str) -> WireAnswer {
    let items = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|input| input["TransactItems"].as_array().map(Vec::len))
        .unwrap_or(1);
    let reasons: Vec<Value> = (0..items)
        .map(|index| match index {
            0 => json!({ "Code": code, "Message": message }),
            _ => json!({ "Code": "None" }),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
        "CancellationReasons": reasons,
    });
    WireAnswer::json(400, body.to_string())
}
