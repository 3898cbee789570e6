//! Secrets Manager: secrets with versions and staging labels, recorded in a journal.
//!
//! Secrets are kept in clear: this engine is for local keys, made up by the local stack.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::secret::Secret;
use super::journal::{Journal, Record};
use super::wire::{WireAnswer, WireError, read};

mod operations;
mod secret;

/// The Secrets Manager engine.
pub(super) struct Secrets {
    clock: Clock,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

/// Secrets by name.
type State = BTreeMap<String, Secret>;

impl Secrets {
    /// An engine with the secrets found in the journal's records.
    ///
    /// # Errors
    /// When a record is not one of ours; the text names it.
    pub(super) fn open(clock: Clock, journal: Arc<Journal>, records: &[Record]) -> Result<Self, String> {
        let mut state = State::new();
        for (key, value) in records {
            if let Some(name) = key.strip_prefix("secret/") {
                let secret = serde_json::from_slice(value).map_err(|error| format!("{key} : {error}"))?;
                state.insert(name.to_owned(), secret);
            }
        }
        Ok(Self { clock, journal, state: Mutex::new(state) })
    }

    /// Answers one operation.
    pub(super) async fn call(&self, operation: &str, body: Bytes) -> WireAnswer {
        match operation {
            "CreateSecret" => self.write(&body, Self::create_secret).await,
            "DescribeSecret" => self.write(&body, Self::describe_secret).await,
            "GetSecretValue" => self.write(&body, Self::get_secret_value).await,
            "PutSecretValue" => self.write(&body, Self::put_secret_value).await,
            _ => WireError::unknown_operation(operation).into(),
        }
    }

    /// Carries out one operation under the lock, then waits until the secret it names is durable.
    async fn write<I: DeserializeOwned, O: Serialize>(
        &self,
        body: &[u8],
        operation: impl FnOnce(&Self, &mut State, I) -> Result<Done<O>, WireError>,
    ) -> WireAnswer {
        let result = async {
            let input = read(body)?;
            let mut changes = self.journal.changes();
            let (output, durable) = {
                let mut state = self.lock();
                let done = operation(self, &mut state, input)?;
                if let Some(name) = done.changed {
                    let key = || format!("secret/{name}");
                    if let Some(secret) = state.get(&name) {
                        changes.put(key, secret);
                    }
                }
                (done.output, self.journal.record(changes))
            };
            durable.wait().await?;
            Ok(output)
        };
        WireAnswer::from_result(result.await)
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operation answers, and the secret it changed.
struct Done<O> {
    output: O,
    changed: Option<String>,
}
