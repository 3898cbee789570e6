//! The receiver's half of Standard Webhooks: is this webhook ours, and fresh?

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use domain::webhooks::signature::{SigningSecret, sign};
use subtle::ConstantTimeEq as _;

/// How far a webhook's timestamp may lie from the receiver's clock: the standard's own tolerance, against replays.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// One of the three headers is missing or unreadable.
    Headers,
    /// Sent too long ago, or dated in the future.
    Timestamp,
    /// No signature is ours.
    Signature,
}

/// Checks a webhook and answers its id.
pub(super) fn verify(
    secret: &SigningSecret,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<String, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refusal::Headers);
    let id = text("webhook-id")?;
    let timestamp: i64 = text("webhook-timestamp")?.parse().map_err(|_| Refusal::Headers)?;
    let sent = DateTime::from_timestamp(timestamp, 0).ok_or(Refusal::Timestamp)?;
    if (now - sent).abs() > TOLERANCE {
        return Err(Refusal::Timestamp);
    }
    let expected = sign([secret], id, timestamp, body);
    // While secrets rotate there are several signatures; one must be ours. Constant time: no prefix leaks.
    let ours = text("webhook-signature")?
        .split(' ')
        .any(|signature| bool::from(signature.as_bytes().ct_eq(expected.as_bytes())));
    if ours { Ok(id.to_owned()) } else { Err(Refusal::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: i64 = 1_793_610_000;

    fn check(change: impl Fn(&mut HeaderMap), body: &str, seconds_later: i64, expected: Result<&str, Refusal>) {
        let secret = SigningSecret::from_random([7; 32]);
        let older = SigningSecret::from_random([8; 32]);
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", SENT.into());
        let signatures = sign([&older, &secret], "evt_1", SENT, b"{}");
        headers.insert("webhook-signature", signatures.parse().unwrap());
        change(&mut headers);
        let now = DateTime::from_timestamp(SENT + seconds_later, 0).unwrap();
        assert_eq!(verify(&secret, &headers, body.as_bytes(), now), expected.map(str::to_owned));
    }

    #[test]
    fn a_webhook_must_be_whole_ours_and_fresh() {
        check(|_| {}, "{}", 0, Ok("evt_1"));
        check(|_| {}, "{}", 300, Ok("evt_1"));
        check(|_| {}, "{}", 301, Err(Refusal::Timestamp));
        check(|_| {}, "{}", -301, Err(Refusal::Timestamp));
        check(|_| {}, "{ }", 0, Err(Refusal::Signature));
        check(|h| _ = h.insert("webhook-id", "evt_2".parse().unwrap()), "{}", 0, Err(Refusal::Signature));
        check(|h| _ = h.insert("webhook-timestamp", (SENT + 1).into()), "{}", 0, Err(Refusal::Signature));
        check(|h| _ = h.insert("webhook-signature", "v1,".parse().unwrap()), "{}", 0, Err(Refusal::Signature));
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            check(|h| _ = h.remove(name), "{}", 0, Err(Refusal::Headers));
        }
    }
}
