//! Idempotency of `TransactWriteItems`: one `ClientRequestToken` is carried out once.
//!
//! The SDK sends a token with every transaction. `dynoxide` remembers them too, but walks all of them at
//! each call, which costs three quarters of the throughput within half a minute; so the token is answered
//! for here, and removed from the request. As on AWS a token is remembered for ten minutes; unlike on AWS
//! it is forgotten when the process ends.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::wire::{WireAnswer, WireError};

/// How long a token is remembered.
const MEMORY: TimeDelta = TimeDelta::minutes(10);

/// AWS refuses longer tokens.
const LONGEST_TOKEN: usize = 36;

/// The tokens of the last ten minutes, behind a handle that is cheap to clone.
#[derive(Clone)]
pub(super) struct Tokens {
    clock: Clock,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    calls: HashMap<String, Call>,
    /// Tokens in the order they expire, so that forgetting costs nothing per remembered token.
    expiries: VecDeque<(DateTime<Utc>, String)>,
}

struct Call {
    fingerprint: [u8; 32],
    began_at: DateTime<Utc>,
    /// Absent while the first call is still running.
    answer: Option<WireAnswer>,
}

/// What to do with a call.
pub(super) enum Begun {
    /// It has no usable token: carry it out as it is.
    Untracked,
    /// It was carried out before, or may not be carried out: this is its answer.
    Answered(WireAnswer),
    /// It is the first with its token: carry out [`Claim::body`], then settle the claim.
    First(Claim),
}

/// The right to carry out the call of one token. Dropped without being settled, the token is free again.
pub(super) struct Claim {
    tokens: Tokens,
    token: String,
    body: Bytes,
    settled: bool,
}

impl Tokens {
    /// An empty table, whose ten minutes are counted by `clock`.
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, table: Arc::default() }
    }

    /// Looks up the token of a call and claims it when it is new.
    pub(super) fn begin(&self, body: &[u8]) -> Begun {
        let Ok(Value::Object(mut input)) = serde_json::from_slice::<Value>(body) else {
            return Begun::Untracked;
        };
        let token = match input.remove("ClientRequestToken") {
            // An over-long or mistyped token is the database's to refuse.
            Some(Value::String(token)) if token.len() <= LONGEST_TOKEN => token,
            _ => return Begun::Untracked,
        };
        let mut hasher = Sha256::new();
        fingerprint(&mut hasher, input.get("TransactItems").unwrap_or(&Value::Null));
        let fingerprint: [u8; 32] = hasher.finalize().into();

        let now = self.clock.now();
        let mut table = self.lock();
        table.forget_expired(now);
        if let Some(call) = table.calls.get(&token) {
            return Begun::Answered(call.answer_again(&fingerprint));
        }
        table.calls.insert(token.clone(), Call { fingerprint, began_at: now, answer: None });
        table.expiries.push_back((now + MEMORY, token.clone()));
        let body = Bytes::from(Value::Object(input).to_string());
        Begun::First(Claim { tokens: self.clone(), token, body, settled: false })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget_expired(&mut self, now: DateTime<Utc>) {
        while self.expiries.front().is_some_and(|(expiry, _)| *expiry <= now) {
            let Some((expiry, token)) = self.expiries.pop_front() else { break };
            // A token freed by a failure and claimed again since has a later expiry of its own.
            if self.calls.get(&token).is_some_and(|call| call.began_at + MEMORY <= expiry) {
                self.calls.remove(&token);
            }
        }
    }
}

impl Call {
    fn answer_again(&self, fingerprint: &[u8; 32]) -> WireAnswer {
        if self.fingerprint != *fingerprint {
            return WireError::refused(
                "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException",
                "The provided client token was already used with different parameters",
            )
            .into();
        }
        self.answer.clone().unwrap_or_else(|| {
            WireError::refused(
                "com.amazonaws.dynamodb.v20120810#TransactionInProgressException",
                "The transaction with the given request token is already in progress",
            )
            .into()
        })
    }
}

impl Claim {
    /// The request without its token.
    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Remembers a success; a failure frees the token, as it changed nothing.
    pub(super) fn settle(mut self, answer: &WireAnswer) {
        if answer.status != 200 {
            return;
        }
        self.settled = true;
        if let Some(call) = self.tokens.lock().calls.get_mut(&self.token) {
            call.answer = Some(answer.clone());
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.settled {
            self.tokens.lock().calls.remove(&self.token);
        }
    }
}

/// Hashes a value by content: the order of an object's members does not count.
fn fingerprint(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            hasher.update(b"{");
            for name in names {
                fingerprint(hasher, &Value::String(name.clone()));
                fingerprint(hasher, &members[name]);
            }
            hasher.update(b"}");
        }
        Value::Array(items) => {
            hasher.update(b"[");
            for item in items {
                fingerprint(hasher, item);
            }
            hasher.update(b"]");
        }
        scalar => {
            hasher.update(scalar.to_string());
            hasher.update(b",");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn clock_at(seconds: &Arc<AtomicI64>) -> Clock {
        let seconds = Arc::clone(seconds);
        Clock::from_fn(move || DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds.load(Ordering::SeqCst)))
    }

    fn call(tokens: &Tokens, token: &str, items: &str) -> String {
        let body = format!(r#"{{"ClientRequestToken":"{token}","TransactItems":{items}}}"#);
        match tokens.begin(body.as_bytes()) {
            Begun::Untracked => "untracked".to_owned(),
            Begun::Answered(answer) => String::from_utf8_lossy(&answer.body).into_owned(),
            Begun::First(claim) => {
                claim.settle(&WireAnswer::json(200, "{}"));
                "first".to_owned()
            }
        }
    }

    #[test]
    fn a_token_is_carried_out_once_in_ten_minutes() {
        let seconds = Arc::new(AtomicI64::new(0));
        let tokens = Tokens::new(clock_at(&seconds));
        assert_eq!(call(&tokens, "a", r#"[{"x":1,"y":2}]"#), "first");
        assert_eq!(call(&tokens, "a", r#"[{"y":2,"x":1}]"#), "{}", "order does not count");
        assert!(call(&tokens, "a", "[]").contains("IdempotentParameterMismatch"));
        seconds.store(599, Ordering::SeqCst);
        assert_eq!(call(&tokens, "a", r#"[{"x":1,"y":2}]"#), "{}");
        seconds.store(600, Ordering::SeqCst);
        assert_eq!(call(&tokens, "a", "[]"), "first");
    }

    #[test]
    fn a_failure_frees_the_token_and_a_running_call_holds_it() {
        let tokens = Tokens::new(Clock::from_fn(chrono::Utc::now));
        let body = br#"{"ClientRequestToken":"a","TransactItems":[]}"#;
        let Begun::First(claim) = tokens.begin(body) else { panic!("a new token is claimed") };
        assert!(call(&tokens, "a", "[]").contains("TransactionInProgress"));
        claim.settle(&WireAnswer::json(400, "{}"));
        assert_eq!(call(&tokens, "a", "[]"), "first");
    }
}
