//! Sends signed webhooks to receivers' URLs, which are given by callers and therefore not trusted.
//!
//! A connection is only ever made to an address that the [`Policy`] allows: literal hosts are checked at each send,
//! names are resolved by a resolver that keeps allowed addresses only, so that what was checked is what is connected
//! to. Redirections are never followed, no proxy and no cookie is used, and a receiver can hold us neither by keeping
//! silent nor by answering without end.

mod failure;
mod resolver;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use hyper_util::client::legacy::connect::Connection;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect;
use tokio::time::{Instant, timeout_at};
use tower::util::MapResponseLayer;

use super::trust;
use crate::platform::clock::Clock;
use domain::webhooks::address::{CheckedUrl, Policy};
use domain::webhooks::outcome::{DeliveryOutcome, ErrorClass};
use domain::webhooks::retry::parse_retry_after;

/// How much of an answer is read, in bytes.
const READ_LIMIT: usize = 64 * 1_024;

/// How much of an answer is kept, in bytes.
const KEPT_LIMIT: usize = 2 * 1_024;

/// How long an unused connection is kept. Longer would seldom be of use: many servers close theirs after 5 to 75 s, and
/// a network that forgets a connection silently costs a whole timeout.
const KEPT_CONNECTION: Duration = Duration::from_secs(30);

/// How soon after its start an attempt may be made again on a new connection.
const RESET_WINDOW: Duration = Duration::from_secs(1);

/// How many headers an answer may have; their bytes are bounded by the HTTP client's buffer, of some 400 KiB.
const MAX_HEADERS: usize = 256;

tokio::task_local! {
    /// The connection that the attempt of this task has opened, by its local address.
    static OPENED: Arc<OnceLock<SocketAddr>>;
}

const USER_AGENT: &str = concat!("Passerelle-Webhooks/", env!("CARGO_PKG_VERSION"));

/// Sends webhooks. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct WebhookClient {
    http: reqwest::Client,
    policy: Policy,
    timeouts: Timeouts,
    clock: Clock,
}

/// How long a receiver may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To resolve the name and connect, TLS included.
    pub connect: Duration,
    /// For everything: connecting, sending, the immediate retry, and reading the answer.
    pub total: Duration,
    /// To send the body of the answer once its status has come. The status decides the outcome: past this time the
    /// rest of the body is not waited for.
    pub answer: Duration,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The status, or why none came.
    pub outcome: DeliveryOutcome,
    /// The first 2 KiB of the answer as text; empty if there was none. Bytes that are no UTF-8 are replaced.
    pub answer: String,
    /// From the start of the attempt to its end, the answer read.
    pub latency: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(10), answer: Duration::from_secs(3) }
    }
}

impl WebhookClient {
    /// A client that connects to what `policy` allows only. `clock` tells how far away the date of a `Retry-After`
    /// is.
    ///
    /// # Errors
    /// If TLS cannot be set up, for instance because the machine has no root certificates.
    pub fn new(policy: Policy, timeouts: Timeouts, clock: Clock) -> Result<Self, reqwest::Error> {
        let http = trust::client()
            .user_agent(USER_AGENT)
            .default_headers([(CONTENT_TYPE, HeaderValue::from_static("application/json"))].into_iter().collect())
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(KEPT_CONNECTION)
            .dns_resolver(resolver::AllowedAddresses::new(policy))
            // The status decides: whatever stands beside it, the receiver has answered.
            .http1_max_headers(MAX_HEADERS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .connector_layer(MapResponseLayer::new(note_opened))
            .build()?;
        Ok(Self { http, policy, timeouts, clock })
    }

    /// Makes one attempt: a POST of `body` with `headers` (the signature and `traceparent` among them; the
    /// content type is JSON unless they name another). It always comes to an end, within the total timeout.
    ///
    /// A connection kept from an earlier attempt may have been closed by the receiver in the meantime: when such a
    /// one is reset within a second, the request is sent once more on a new connection.
    pub async fn post(&self, url: &CheckedUrl, headers: HeaderMap, body: Bytes) -> Attempt {
        let start = Instant::now();
        if url.literal_address().is_some_and(|address| !self.policy.allows(address)) {
            return Attempt::failed(ErrorClass::AddressRefused, start);
        }
        let deadline = start + self.timeouts.total;
        let response = match timeout_at(deadline, self.send(url, headers, body, start)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Attempt::failed(failure::classify(&error), start),
            Err(_) => return Attempt::failed(ErrorClass::Timeout, start),
        };
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| parse_retry_after(value, self.clock.now()));
        let outcome = DeliveryOutcome::Answered { status: response.status().as_u16(), retry_after };
        let answer_deadline = deadline.min(Instant::now() + self.timeouts.answer);
        Attempt { outcome, answer: read_answer(response, answer_deadline).await, latency: start.elapsed() }
    }

    async fn send(
        &self,
        url: &CheckedUrl,
        headers: HeaderMap,
        body: Bytes,
        start: Instant,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let request = || self.http.post(url.url().clone()).headers(headers.clone()).body(body.clone()).send();
        let opened = Arc::new(OnceLock::new());
        match OPENED.scope(Arc::clone(&opened), request()).await {
            // Not the connection this attempt opened, if it opened one at all: it had been kept from before.
            Err(error)
                if start.elapsed() < RESET_WINDOW
                    && failure::reset_connection(&error).is_some_and(|reset| opened.get() != Some(&reset)) =>
            {
                request().await
            }
            sent => sent,
        }
    }
}

/// Tells the attempt of this task, if there is one, which connection it has opened. One that is opened ahead, for
/// whoever comes next, belongs to no attempt.
fn note_opened<C: Connection>(connection: C) -> C {
    if let Some(local) = failure::local_address(&connection.connected()) {
        let _ = OPENED.try_with(|opened| opened.set(local));
    }
    connection
}

impl Attempt {
    fn failed(class: ErrorClass, start: Instant) -> Self {
        Self { outcome: DeliveryOutcome::Failed(class), answer: String::new(), latency: start.elapsed() }
    }
}

/// Reads up to [`READ_LIMIT`] bytes, so that the connection can be kept, and returns the first of them. An answer
/// that is longer, too slow or broken is left where it is, and its connection is closed.
async fn read_answer(mut response: reqwest::Response, deadline: Instant) -> String {
    let mut kept = Vec::new();
    let mut read = 0;
    while let Ok(Ok(Some(chunk))) = timeout_at(deadline, response.chunk()).await {
        read += chunk.len();
        let room = KEPT_LIMIT.saturating_sub(kept.len()).min(chunk.len());
        kept.extend_from_slice(&chunk[..room]);
        if read > READ_LIMIT {
            break;
        }
    }
    text(&kept)
}

/// A character cut by the limit is dropped rather than shown as a replacement character.
fn text(kept: &[u8]) -> String {
    let whole = match std::str::from_utf8(kept) {
        Err(error) if error.error_len().is_none() && kept.len() == KEPT_LIMIT => &kept[..error.valid_up_to()],
        _ => kept,
    };
    String::from_utf8_lossy(whole).into_owned()
}

#[cfg(test)]
mod tests;
