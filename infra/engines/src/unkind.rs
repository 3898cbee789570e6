//! The seeded mode in which the engines treat their callers as AWS may on a bad day.
//!
//! Everything drawn here is documented by AWS: a call throttled or failed, refused because of another transaction,
//! done without its answer arriving, a batch read in part, a message deleted and delivered all the same. The same seed
//! and the same order of calls bring the same faults. One request is never refused more often than the SDK tries it:
//! AWS promises nothing of the kind, but a request that never passes proves nothing beyond its 503.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::faults::Fault;

/// How many calls in a thousand suffer.
const PER_MILLE: u32 = 50;

/// How many receives in a thousand take the last messages first.
const LAST_FIRST_PER_MILLE: u32 = 300;

/// How often the same request suffers, at most: the SDK tries it three times.
const TIMES: u8 = 2;

/// Draws what a call suffers.
#[derive(Debug)]
pub(super) struct Unkindness(Mutex<Drawn>);

#[derive(Debug)]
struct Drawn {
    random: StdRng,
    /// How often each request has suffered, by its hash.
    suffered: HashMap<u64, u8>,
}

impl Unkindness {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(Drawn { random: StdRng::seed_from_u64(seed), suffered: HashMap::new() }))
    }

    /// What this call of `operation` suffers, if anything.
    pub(super) fn draw(&self, operation: &str, body: &[u8]) -> Option<Fault> {
        let possible = possible(operation, body);
        if possible.is_empty() {
            return None;
        }
        let mut drawn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let per_mille = if operation == "ReceiveMessage" { LAST_FIRST_PER_MILLE } else { PER_MILLE };
        if drawn.random.random_range(0..1_000) >= per_mille {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        (operation, body).hash(&mut hasher);
        let suffered = drawn.suffered.entry(hasher.finish()).or_default();
        if *suffered >= TIMES {
            return None;
        }
        *suffered += 1;
        let which = drawn.random.random_range(0..possible.len());
        possible.get(which).cloned()
    }
}

/// What AWS may do to a call of `operation`. Those that set up a stack are left alone: they are not the product's. A
/// receive is AWS's own, and brings the last messages first.
fn possible(operation: &str, body: &[u8]) -> &'static [Fault] {
    use Fault::{
        Conflict, Forgotten, Lag, LastFirst, LostAnswer, Partly, Revived, ServerError, Throttle, ThrottledTransaction,
        Unprocessed,
    };
    match operation.as_bytes() {
        b"Query" if looks_for_work(body) => &[Throttle, ServerError, LostAnswer, Lag, Lag, Lag],
        b"GetItem" | b"Query" | b"GetSecretValue" | b"SendMessage" => &[Throttle, ServerError, LostAnswer],
        b"SendMessageBatch" => &[Throttle, ServerError, LostAnswer, Partly],
        b"BatchGetItem" => &[Throttle, ServerError, LostAnswer, Unprocessed, Partly],
        b"PutItem" | b"UpdateItem" | b"DeleteItem" => &[Throttle, ServerError, LostAnswer, Conflict],
        b"TransactWriteItems" => &[ThrottledTransaction, ServerError, LostAnswer, Conflict],
        b"ReceiveMessage" => &[LastFirst],
        b"DeleteMessage" => &[Forgotten, Revived],
        b"DeleteMessageBatch" => &[Forgotten, Revived, Partly],
        _ => &[],
    }
}

/// Tables do not lag: the product reads them strongly consistent. Of the indexes it is `due` that must not be believed;
/// the others are lists, and a case says what a list shows once it is up to date.
fn looks_for_work(body: &[u8]) -> bool {
    let name = b"\"IndexName\":\"due\"";
    body.windows(name.len()).any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a thousand different calls suffer under a seed.
    fn suffered(seed: u64, operation: &str) -> Vec<Option<Fault>> {
        let unkindness = Unkindness::from_seed(seed);
        (0..1_000_u32).map(|call| unkindness.draw(operation, &call.to_be_bytes())).collect()
    }

    #[test]
    fn a_seed_brings_the_same_faults_again_and_another_seed_others() {
        assert_eq!(suffered(1, "UpdateItem"), suffered(1, "UpdateItem"));
        assert_ne!(suffered(1, "UpdateItem"), suffered(2, "UpdateItem"));
        let faults = suffered(1, "UpdateItem").into_iter().flatten().count();
        assert!((25..=80).contains(&faults), "{faults}");
    }

    #[test]
    fn only_the_index_of_work_lags() {
        for (index, lags) in [("due", true), ("all", false)] {
            let query = format!(r#"{{"TableName":"T","IndexName":"{index}"}}"#);
            assert_eq!(possible("Query", query.as_bytes()).contains(&Fault::Lag), lags, "{index}");
        }
    }

    #[test]
    fn one_request_passes_in_the_end() {
        let unkindness = Unkindness::from_seed(3);
        let faults = (0..10_000).filter_map(|_| unkindness.draw("GetItem", b"the same")).count();
        assert_eq!(faults, usize::from(TIMES));
    }

    #[test]
    fn what_sets_up_a_stack_is_left_alone() {
        for operation in ["CreateTable", "CreateQueue", "CreateSecret"] {
            assert!(suffered(1, operation).iter().all(Option::is_none), "{operation}");
        }
    }
}
