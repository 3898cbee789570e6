//! Fair shares: no caller takes more requests than its bucket of tokens gives (429).
//!
//! A caller is an API key, the token of a person who signed in, or, where neither is presented, or it was refused or not
//! looked at, the address a request comes from. Buckets lie in the container. What a key took is told to the others of the same API
//! every ten seconds if it is worth it, and what they took is heard: one write, not one a request. So the bound is
//! approximate, a caller served by several containers may have more than its share for some seconds. Addresses are kept
//! nowhere.
//!
//! Source: docs/spec/communs.md#fair-shares

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::KeyHash;
use domain::fair_share::{Allowance, Bucket, Rate};
use http::{Extensions, HeaderMap, HeaderValue};
use lambda_http::request::RequestContext;

use super::caller::token;
use super::layer::log_key;
use super::problem::{Answered, Code, Problem};
use crate::platform::clock::Clock;
use crate::platform::config::Variables;
use crate::platform::measures::Count;
use crate::store::shares::minute;
use crate::store::table::Table;

/// How long a container counts for itself before it tells the others.
const TOLD_EVERY: TimeDelta = TimeDelta::seconds(10);
/// Callers of which a container keeps a bucket; beyond, those with a full one are forgotten, then all.
const CALLERS: usize = 10_000;

/// What each kind of caller may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of an API key, or of the token of a person.
    pub key: Rate,
    /// Of an address that presents none, or one that is refused.
    pub address: Rate,
}

impl Rates {
    /// Reads `KEY_RATE`, `KEY_BURST`, `ADDRESS_RATE` and `ADDRESS_BURST`: requests a second, and at the same moment.
    pub fn read(variables: &Variables<'_>) -> Self {
        let number = |name: &str| u32::try_from(variables.number(name)).unwrap_or(u32::MAX);
        let rate = |rate, burst| Rate { per_second: number(rate), burst: number(burst) };
        Self { key: rate("KEY_RATE", "KEY_BURST"), address: rate("ADDRESS_RATE", "ADDRESS_BURST") }
    }
}

/// The buckets of a container; clones share them.
#[derive(Clone)]
pub struct FairShares(Arc<Inner>);

struct Inner {
    rates: Rates,
    clock: Clock,
    table: Table,
    shares: Mutex<HashMap<Caller, Share>>,
}

/// Whether what a request presents turned out to be a key, or a session, that is known.
#[derive(Clone, Default)]
struct Recognised(Arc<AtomicBool>);

/// Says that the bearer token of a request is one that is known: from now on it counts for itself. On a route that looks
/// at none, whatever is presented proves nothing.
pub fn recognise(request: &Extensions) {
    if let Some(Recognised(flag)) = request.get() {
        flag.store(true, Ordering::Relaxed);
    }
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Caller {
    /// The first 16 hexadecimal digits of an API key's hash.
    Key(String),
    /// The same of a person's token.
    Session(String),
    /// A source address.
    Address(String),
}

struct Share {
    bucket: Bucket,
    /// Taken since it was last told.
    untold: u64,
    told_at: DateTime<Utc>,
    /// The minute last told of, and what all had taken in it.
    heard: Option<(i64, u64)>,
}

/// What is due to be told of a key.
struct Telling {
    caller: Caller,
    digits: String,
    untold: u64,
}

/// `routes`, each request of which takes a token of its caller's.
pub fn bounded<S: Clone + Send + Sync + 'static>(routes: Router<S>, shares: FairShares) -> Router<S> {
    routes.layer(from_fn_with_state(shares, bound))
}

async fn bound(State(shares): State<FairShares>, mut request: Request, next: Next) -> Response {
    let presented = token(request.headers()).ok().map(Caller::of_token);
    let address = source_address(&request).map(Caller::Address);
    let known = presented.clone().filter(|caller| shares.knows(caller));
    // A key that was never seen here costs a reading before it is known to be one: its address answers for it.
    let allowance = match (known.as_ref(), address.as_ref()) {
        (Some(caller), _) => Some(shares.take(caller)),
        (None, Some(address)) if presented.is_none() => Some(shares.take(address)),
        (None, Some(address)) => Some(shares.look(address)).filter(|allowance| !allowance.granted),
        (None, None) => None,
    };
    let rate = known.as_ref().or(address.as_ref()).map_or(shares.0.rates.key, |caller| shares.rate(caller));
    if let Some(refused) = allowance.filter(|allowance| !allowance.granted) {
        Count::RequestsThrottled.one();
        if let Some(Caller::Key(digits)) = &known {
            log_key(digits);
        }
        let mut response = Problem::new(Code::TooManyRequests).retry_after(refused.reset_seconds).into_response();
        write_headers(response.headers_mut(), rate, refused);
        return response;
    }
    let telling = known.as_ref().and_then(|caller| shares.due(caller));
    let recognised = Recognised::default();
    request.extensions_mut().insert(recognised.clone());
    let (mut response, ()) = futures_util::join!(next.run(request), shares.tell(telling));
    let code = response.extensions().get::<Answered>().map(|Answered(problem)| problem.code());
    if presented.is_some() && code == Some(Code::Unauthenticated) {
        Count::KeysRefused.one();
    }
    let allowance = match (presented, code) {
        (Some(caller), Some(Code::Unauthenticated)) => {
            shares.forget(&caller);
            address.map(|address| (shares.rates().address, shares.take(&address)))
        }
        // Nobody looked whether it is one.
        (Some(_), _) if known.is_none() && !recognised.0.load(Ordering::Relaxed) => {
            address.map(|address| (shares.rates().address, shares.take(&address)))
        }
        // From now on it answers for itself.
        (Some(caller), _) if known.is_none() => Some((shares.rates().key, shares.take(&caller))),
        _ => allowance.map(|allowance| (rate, allowance)),
    };
    if let Some((rate, allowance)) = allowance {
        write_headers(response.headers_mut(), rate, allowance);
    }
    response
}

/// The headers of draft-ietf-httpapi-ratelimit-headers.
fn write_headers(headers: &mut HeaderMap, rate: Rate, allowance: Allowance) {
    headers.insert("ratelimit-limit", rate.burst.into());
    headers.insert("ratelimit-remaining", allowance.remaining.into());
    headers.insert("ratelimit-reset", allowance.reset_seconds.into());
    let seconds = rate.burst.div_ceil(rate.per_second.max(1));
    if let Ok(policy) = HeaderValue::try_from(format!("{};w={seconds}", rate.burst)) {
        headers.insert("ratelimit-policy", policy);
    }
}

fn source_address(request: &Request) -> Option<String> {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    }
}

impl Caller {
    /// A token of three parts is a person's; any other can only be a key.
    fn of_token(token: &str) -> Self {
        let digits = KeyHash::of(token).as_str().chars().take(16).collect();
        if token.contains('.') { Self::Session(digits) } else { Self::Key(digits) }
    }
}

impl FairShares {
    /// Full buckets for everybody. What keys take is told in `table`.
    #[must_use]
    pub fn new(rates: Rates, table: &Table, clock: Clock) -> Self {
        Self(Arc::new(Inner { rates, clock, table: table.clone(), shares: Mutex::default() }))
    }

    fn rates(&self) -> Rates {
        self.0.rates
    }

    fn rate(&self, caller: &Caller) -> Rate {
        match caller {
            Caller::Key(_) | Caller::Session(_) => self.0.rates.key,
            Caller::Address(_) => self.0.rates.address,
        }
    }

    fn shares(&self) -> MutexGuard<'_, HashMap<Caller, Share>> {
        self.0.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn knows(&self, caller: &Caller) -> bool {
        self.shares().contains_key(caller)
    }

    fn forget(&self, caller: &Caller) {
        self.shares().remove(caller);
    }

    /// Takes a token of a caller's.
    fn take(&self, caller: &Caller) -> Allowance {
        let (rate, now) = (self.rate(caller), self.0.clock.now());
        let mut shares = self.shares();
        if shares.len() >= CALLERS && !shares.contains_key(caller) {
            shares.retain(|caller, share| !share.bucket.is_full(self.rate(caller), now));
            if shares.len() >= CALLERS {
                shares.clear();
            }
        }
        let share = shares.entry(caller.clone()).or_insert_with(|| Share {
            bucket: Bucket::full(rate, now),
            untold: 0,
            told_at: now,
            heard: None,
        });
        let allowance = share.bucket.take(rate, now);
        share.untold += u64::from(allowance.granted);
        allowance
    }

    /// Whether there is a token of a caller's, without taking it.
    fn look(&self, caller: &Caller) -> Allowance {
        let (rate, now) = (self.rate(caller), self.0.clock.now());
        let bucket = self.shares().get(caller).map(|share| share.bucket);
        bucket.unwrap_or_else(|| Bucket::full(rate, now)).take(rate, now)
    }

    /// What is to be told of a key by now; it counts as told.
    fn due(&self, caller: &Caller) -> Option<Telling> {
        let Caller::Key(digits) = caller else { return None };
        let now = self.0.clock.now();
        let mut shares = self.shares();
        let share = shares.get_mut(caller)?;
        // Not worth a write: what a second gives back.
        let few = share.untold < u64::from(self.rate(caller).per_second.max(1));
        if few || now - share.told_at < TOLD_EVERY {
            return None;
        }
        share.told_at = now;
        // Told now and never again, whatever becomes of it: what is told twice would be taken from the caller.
        let untold = std::mem::take(&mut share.untold);
        Some(Telling { caller: caller.clone(), digits: digits.clone(), untold })
    }

    async fn tell(&self, telling: Option<Telling>) {
        let Some(Telling { caller, digits, untold }) = telling else { return };
        let now = self.0.clock.now();
        match self.0.table.tell_share(&digits, untold, now).await {
            Ok(all) => self.hear(&caller, minute(now), untold, all),
            Err(error) => tracing::warn!(%error, "fair share not told: it is counted here alone"),
        }
    }

    /// Takes from a caller's bucket what was taken elsewhere since this container last heard.
    fn hear(&self, caller: &Caller, minute: i64, told: u64, all: u64) {
        let (rate, now) = (self.rate(caller), self.0.clock.now());
        if let Some(share) = self.shares().get_mut(caller) {
            let elsewhere = match share.heard {
                Some((heard_in, heard)) if heard_in == minute => all.saturating_sub(heard).saturating_sub(told),
                Some((heard_in, _)) if heard_in == minute - 1 => all.saturating_sub(told),
                // Whatever was taken before this container looked has been given back meanwhile, for all it knows.
                _ => 0,
            };
            share.heard = Some((minute, all));
            share.bucket.drain(rate, elsewhere, now);
        }
    }
}

#[cfg(test)]
mod tests;
