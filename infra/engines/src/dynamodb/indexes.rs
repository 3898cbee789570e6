//! Indexes that lag: a copy of the tables to which each write comes some writes later.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};

use super::{Seconds, answer};
use crate::clock::Clock;
use crate::wire::WireAnswer;

/// How many writes the copy is behind. AWS promises no bound; usually it is less than a second.
const BEHIND: usize = 3;

/// The indexes of tables in memory, as they were.
pub(super) struct Indexes(Mutex<State>);

enum State {
    /// Nobody asked for lag: only what made the tables is kept.
    Exact(Vec<Call>),
    Lagging {
        copy: Database,
        behind: VecDeque<Call>,
    },
}

struct Call {
    operation: String,
    body: Bytes,
}

impl Call {
    fn carry_out(&self, database: &Database) {
        // It was done on the tables themselves, so it is done here.
        let _ = answer(database, &self.operation, &self.body);
    }
}

impl Indexes {
    /// Indexes that show every write at once.
    pub(super) fn exact() -> Self {
        Self(Mutex::new(State::Exact(Vec::new())))
    }

    /// From now on there is a copy that lags. Items written before are not in it.
    ///
    /// # Errors
    /// When SQLite cannot start.
    pub(super) fn lag(&self, clock: Clock) -> Result<(), DynoxideError> {
        let mut state = self.lock();
        if let State::Exact(made) = &*state {
            let copy = Database::memory_with_clock(Arc::new(Seconds(clock)))?;
            made.iter().for_each(|call| call.carry_out(&copy));
            *state = State::Lagging { copy, behind: VecDeque::new() };
        }
        Ok(())
    }

    /// Carries out a write on the tables, and in time on the copy: in the same order, since what a condition says
    /// depends on it.
    pub(super) fn after(&self, operation: &str, body: &Bytes, write: impl FnOnce() -> WireAnswer) -> WireAnswer {
        let mut state = self.lock();
        let answer = write();
        if answer.status != 200 {
            return answer;
        }
        let call = Call { operation: operation.to_owned(), body: body.clone() };
        match &mut *state {
            State::Exact(made) if matches!(operation, "CreateTable" | "UpdateTimeToLive") => made.push(call),
            State::Exact(_) => {}
            State::Lagging { copy, behind } => {
                behind.push_back(call);
                while behind.len() > BEHIND {
                    behind.pop_front().iter().for_each(|call| call.carry_out(copy));
                }
            }
        }
        answer
    }

    /// What a query would have answered some writes ago; `None` without a copy.
    pub(super) fn answer_late(&self, body: &[u8]) -> Option<WireAnswer> {
        match &*self.lock() {
            State::Exact(_) => None,
            State::Lagging { copy, .. } => Some(answer(copy, "Query", body)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
