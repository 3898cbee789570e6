//! DynamoDB: `dynoxide` behind the AWS JSON protocol.
//!
//! `dynoxide` answers every operation as AWS does, but keeps its router to itself; this module reads a
//! request, calls the database and writes the answer. Three things are done here instead of there:
//! transaction tokens (see [`tokens`]), the translation of its decode errors, and the refusal of empty keys in queries.
//!
//! Unlike AWS: reads are always consistent, capacity is never exceeded and transactions never conflict
//! (inject a [`Fault`](super::Fault) for that; indexes lag in memory only).

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use bytes::Bytes;
use dynoxide::actions::query::QueryRequest;
use dynoxide::{AttributeValue, Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::grouped::Grouped;
use self::indexes::Indexes;
use self::tokens::{Begun, Claim, Tokens};
use super::wire::{WireAnswer, WireError};

mod decoding;
mod expiry;
mod grouped;
mod indexes;
mod tokens;

/// The DynamoDB engine.
pub(super) struct DynamoDb {
    medium: Medium,
    clock: Clock,
    tokens: Tokens,
}

/// Where the tables are.
enum Medium {
    /// In memory: a call is answered at once, by the thread that makes it.
    Memory(Database, Indexes),
    /// On file: a call waits for the disk, which must not hold up the threads that run tasks.
    File(Grouped),
}

impl DynamoDb {
    /// An engine in memory, whose TTL follows `clock`.
    ///
    /// # Errors
    /// When SQLite cannot start.
    pub(super) fn memory(clock: Clock) -> Result<Self, DynoxideError> {
        let seconds = Arc::new(Seconds(clock.clone()));
        let database = Database::memory_with_clock(seconds)?;
        Ok(Self {
            medium: Medium::Memory(database, Indexes::exact()),
            clock: clock.clone(),
            tokens: Tokens::new(clock),
        })
    }

    /// An engine on the file at `path`, whose TTL follows `clock`.
    ///
    /// # Errors
    /// When the file cannot be opened or is not a database.
    pub(super) fn open(path: &Path, clock: Clock) -> Result<Self, DynoxideError> {
        Ok(Self { medium: Medium::File(Grouped::open(path)?), clock: clock.clone(), tokens: Tokens::new(clock) })
    }

    /// Answers one operation.
    pub(super) async fn call(&self, operation: &str, body: Bytes) -> WireAnswer {
        if operation != "TransactWriteItems" {
            return self.execute(operation, body, None).await;
        }
        match self.tokens.begin(&body) {
            Begun::Untracked => self.execute(operation, body, None).await,
            Begun::Answered(answer) => answer,
            Begun::First(claim) => self.execute(operation, claim.body(), Some(claim)).await,
        }
    }

    /// From now on [`Self::query_late`] has something to answer, if the tables are in memory.
    ///
    /// # Errors
    /// When SQLite cannot start.
    pub(super) fn lag(&self) -> Result<(), DynoxideError> {
        match &self.medium {
            Medium::Memory(_, indexes) => indexes.lag(self.clock.clone()),
            Medium::File(_) => Ok(()),
        }
    }

    /// Answers a query as it was some writes ago, where that is known.
    pub(super) async fn query_late(&self, body: Bytes) -> WireAnswer {
        if let Medium::Memory(_, indexes) = &self.medium
            && let Some(answer) = indexes.answer_late(&body)
        {
            return answer;
        }
        self.call("Query", body).await
    }

    /// Deletes the items whose time to live is over, and says how many.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub(super) async fn sweep_expired_items(&self) -> Result<usize, DynoxideError> {
        self.sweep(self.clock.now().timestamp()).await
    }

    async fn execute(&self, operation: &str, body: Bytes, claim: Option<Claim>) -> WireAnswer {
        let writes = !matches!(operation, "BatchGetItem" | "GetItem" | "Query" | "Scan" | "TransactGetItems");
        let settle = move |answer: WireAnswer| {
            if let Some(claim) = claim {
                claim.settle(&answer);
            }
            answer
        };
        match &self.medium {
            Medium::Memory(database, indexes) if writes => {
                settle(indexes.after(operation, &body, || answer(database, operation, &body)))
            }
            Medium::Memory(database, _) => settle(answer(database, operation, &body)),
            Medium::File(grouped) => {
                let operation = operation.to_owned();
                // The claim is settled by the work itself: a caller that gives up does not stop a transaction on
                // file, and its retry must find the token.
                let work = move |database: &Database| settle(answer(database, &operation, &body));
                grouped.run(writes, work).await.unwrap_or_else(|error| WireError::internal(error.to_string()).into())
            }
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl FnOnce(&Database) -> T + Send + 'static,
    ) -> Result<T, DynoxideError> {
        match &self.medium {
            Medium::Memory(database, _) => Ok(work(database)),
            Medium::File(grouped) => grouped.run(writes, work).await,
        }
    }
}

/// The injected clock, as `dynoxide` reads it.
struct Seconds(Clock);

impl dynoxide::storage_backend::Clock for Seconds {
    fn now_unix_secs(&self) -> u64 {
        u64::try_from(self.0.now().timestamp()).unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double for 285,000 years")]
    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().timestamp_millis() as f64 / 1_000.0
    }
}

fn answer(database: &Database, operation: &str, body: &[u8]) -> WireAnswer {
    dispatch(database, operation, body).unwrap_or_else(|error| {
        let error = decoding::envelope(operation, error);
        WireAnswer::json(error.status_code(), error.to_json())
    })
}

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Result<WireAnswer, DynoxideError> {
    match operation {
        "BatchGetItem" => run(body, |input| database.batch_get_item(input)),
        "BatchWriteItem" => run(body, |input| database.batch_write_item(input)),
        "CreateTable" => run(body, |input| database.create_table(input)),
        "DeleteItem" => run(body, |input| database.delete_item(input)),
        "DescribeTable" => run(body, |input| database.describe_table(input)),
        "DescribeTimeToLive" => run(body, |input| database.describe_time_to_live(input)),
        "GetItem" => run(body, |input| database.get_item(input)),
        "ListTables" => run(body, |input| database.list_tables(input)),
        "PutItem" => run(body, |input| database.put_item(input)),
        "Query" => run(body, |input| {
            refuse_empty_keys(&input)?;
            database.query(input)
        }),
        "Scan" => run(body, |input| database.scan(input)),
        "TransactGetItems" => run(body, |input| database.transact_get_items(input)),
        "TransactWriteItems" => run(body, |input| database.transact_write_items(input)),
        "UpdateItem" => run(body, |input| database.update_item(input)),
        "UpdateTimeToLive" => run(body, |input| database.update_time_to_live(input)),
        _ => Ok(WireError::unknown_operation(operation).into()),
    }
}

/// AWS takes no empty text for an attribute of a key, `begins_with` included; `dynoxide` would.
fn refuse_empty_keys(query: &QueryRequest) -> Result<(), DynoxideError> {
    let condition = query.key_condition_expression.as_deref().unwrap_or_default();
    let placeholders = condition.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let values = query.expression_attribute_values.as_ref();
    let empty = |name: &str| {
        let value = values.and_then(|values| values.get(name));
        matches!(value, Some(AttributeValue::S(text)) if text.is_empty())
    };
    match placeholders.filter(|part| part.starts_with(':')).find(|name| empty(name)) {
        None => Ok(()),
        Some(name) => Err(DynoxideError::ValidationException(format!(
            "One or more parameter values are not valid. The value {name} for a key attribute is an empty string value."
        ))),
    }
}

fn run<I: DeserializeOwned, O: Serialize>(
    body: &[u8],
    operation: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Result<WireAnswer, DynoxideError> {
    let input = serde_json::from_slice(body).map_err(|error| decoding::refusal(&error))?;
    Ok(WireAnswer::of(&operation(input)?))
}
