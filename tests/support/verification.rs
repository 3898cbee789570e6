//! What every received webhook must show, whatever the case expects of its content.
//!
//! The signatures are computed with the `standardwebhooks` crate, which nobody here wrote. Its own
//! `verify` reads the machine's clock; cases stand on a clock of theirs, so the timestamp is checked
//! here.

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};
use serde_json::Value;
use standardwebhooks::Webhook;

/// How far `webhook-timestamp` may be from the receiver's clock, in seconds. Cases stand still while
/// webhooks are sent; a real clock may pass a second boundary.
const TOLERANCE_SECONDS: i64 = 2;

/// A secret of a subscription, with the instant until which it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecret {
    /// The `whsec_...` text.
    pub secret: String,
    /// None for the newest secret; for a replaced one, the end of its day of grace.
    pub until: Option<DateTime<Utc>>,
}

/// Checks method, headers, signatures and the outer shape of one webhook.
///
/// `secrets` are the subscription's, newest first. Every secret still valid at `now` must sign, in that
/// order, and no other.
///
/// # Errors
/// One French sentence naming the first thing that is wrong.
pub fn verify(
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[SigningSecret],
    now: DateTime<Utc>,
) -> Result<(), String> {
    if method != Method::POST {
        return Err(format!("méthode {method} au lieu de POST"));
    }
    verify_signatures(headers, body, secrets, now)?;
    let content_type = header(headers, "content-type")?;
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(format!("content-type inattendu: {content_type}"));
    }
    let agent = header(headers, "user-agent")?;
    if agent.strip_prefix("Passerelle-Webhooks/").is_none_or(str::is_empty) {
        return Err(format!("user-agent inattendu: {agent}"));
    }
    let trace = header(headers, "traceparent")?;
    if !is_traceparent(trace) {
        return Err(format!("traceparent mal formé: {trace}"));
    }
    verify_body(body)
}

fn verify_signatures(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[SigningSecret],
    now: DateTime<Utc>,
) -> Result<(), String> {
    let id = header(headers, "webhook-id")?;
    if id.is_empty() || id.contains('.') {
        return Err(format!("webhook-id mal formé: {id:?}"));
    }
    let timestamp: i64 = header(headers, "webhook-timestamp")?
        .parse()
        .map_err(|_| "webhook-timestamp n'est pas un nombre de secondes".to_owned())?;
    if (timestamp - now.timestamp()).abs() > TOLERANCE_SECONDS {
        return Err(format!("webhook-timestamp {timestamp} loin de l'horloge {}", now.timestamp()));
    }
    let signed = header(headers, "webhook-signature")?;
    // At the very instant a day of grace ends the old secret may sign or not.
    let valid = |at_the_end: bool| {
        secrets
            .iter()
            .filter(move |secret| secret.until.is_none_or(|until| until > now || (at_the_end && until == now)))
            .map(|secret| signature(&secret.secret, id, timestamp, body))
            .collect::<Result<Vec<_>, _>>()
            .map(|signatures| signatures.join(" "))
    };
    if secrets.is_empty() {
        return Err("webhook reçu par un abonnement que le cas ne connaît pas".to_owned());
    }
    if signed == valid(true)? || signed == valid(false)? {
        Ok(())
    } else {
        Err(format!("webhook-signature ne vérifie pas: {signed}"))
    }
}

fn signature(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, String> {
    Webhook::new(secret)
        .and_then(|webhook| webhook.sign(id, timestamp, body))
        .map_err(|error| format!("signature impossible à calculer: {error}"))
}

fn verify_body(body: &[u8]) -> Result<(), String> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "corps non JSON".to_owned())?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("type").is_none() {
        return Err("corps sans type".to_owned());
    }
    let timestamp = text("timestamp").ok_or("corps sans timestamp")?;
    let instant = DateTime::parse_from_rfc3339(timestamp)
        .map_err(|_| format!("timestamp mal formé: {timestamp}"))?
        .with_timezone(&Utc);
    if instant.to_rfc3339_opts(chrono::SecondsFormat::Millis, true) != timestamp {
        return Err(format!("timestamp qui n'est pas en UTC à la milliseconde: {timestamp}"));
    }
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| format!("en-tête {name} absent"))?;
    if values.next().is_some() {
        return Err(format!("en-tête {name} répété"));
    }
    value.to_str().map_err(|_| format!("en-tête {name} illisible"))
}

/// W3C Trace Context: version, trace id and parent id that are not all zeros, flags.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else {
        return false;
    };
    let hexadecimal = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    hexadecimal(version, 2)
        && hexadecimal(trace, 32)
        && hexadecimal(parent, 16)
        && hexadecimal(flags, 2)
        && *version != "ff"
        && trace.bytes().any(|byte| byte != b'0')
        && parent.bytes().any(|byte| byte != b'0')
}
