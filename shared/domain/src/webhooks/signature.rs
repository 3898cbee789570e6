//! Signatures of [Standard Webhooks](https://www.standardwebhooks.com) 1.0.0: HMAC-SHA-256, symmetric.
//!
//! Source: docs/spec/webhooks.md#wire-format

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use thiserror::Error;

/// What a secret begins with in its text form.
const PREFIX: &str = "whsec_";

/// The lengths the standard allows, in bytes.
const ALLOWED_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The secret shared with one receiver. Its text form is shown once, by [`SigningSecret::reveal`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Vec<u8>);

/// The text or the bytes are no signing secret. What they were is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("secret de signature invalide")]
pub struct InvalidSecret;

impl SigningSecret {
    /// A new secret out of 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// Takes back the bytes of [`SigningSecret::as_bytes`].
    ///
    /// # Errors
    /// [`InvalidSecret`] unless there are 24 to 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSecret> {
        if ALLOWED_LENGTHS.contains(&bytes.len()) { Ok(Self(bytes.to_vec())) } else { Err(InvalidSecret) }
    }

    /// Reads the text form, `whsec_` and standard base64.
    ///
    /// # Errors
    /// [`InvalidSecret`] if it is not of that form, or does not hold 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        Self::from_bytes(&STANDARD.decode(encoded).map_err(|_| InvalidSecret)?)
    }

    /// The text form, to be shown to the receiver once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The bytes, to be sealed for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC pads its key with zeros to a block of 64 bytes, and no secret is longer: padding it here gives the
        // same key without an error that cannot happen.
        let mut key = [0; 64];
        key[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Redacted: a secret must not reach a log.
impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

/// The value of `webhook-signature` for one attempt: a signature per secret, in the order given (newest first
/// while secrets rotate), joined by a space.
///
/// `id` is the `webhook-id`, `timestamp` the `webhook-timestamp` in seconds since 1970, `body` the exact bytes sent.
#[must_use]
pub fn sign<'a>(secrets: impl IntoIterator<Item = &'a SigningSecret>, id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.into_iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    signatures.join(" ")
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use http::HeaderMap;
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    use super::*;

    const RECENT: &str = "whsec_a0SrN+fGS/MTO1U2w6LUVHXNrbRQ3LlTYZ3KoQa2up0=";
    const OLDER: &str = "whsec_k/8qPLnmYvHDE/Nz9CSAC7RPsDyJ2VJIZV4/YuRyYH0=";

    fn secrets(texts: &[&str]) -> Vec<SigningSecret> {
        texts.iter().map(|text| SigningSecret::parse(text).unwrap()).collect()
    }

    #[test]
    fn signs_the_published_example() {
        let secrets = secrets(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]);
        assert_eq!(
            sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn signs_with_every_secret_in_the_order_given() {
        assert_eq!(
            sign(&secrets(&[RECENT, OLDER]), "evt_0193a1b2c3d4", 1_793_610_000, b"{\"type\":\"ping\"}"),
            "v1,jufbVv9niKnljXyBjDVqaTDDnjfOql7PMsaHCgqsOgc= v1,NJJvba+N2STHBlBQi3P2caQRZ38Uk1R8oCWVrQQKe/4="
        );
    }

    #[test]
    fn a_secret_survives_its_text_form() {
        let secret = SigningSecret::from_random([7; 32]);
        assert_eq!(SigningSecret::parse(&secret.reveal()), Ok(secret.clone()));
        assert_eq!(SigningSecret::from_bytes(secret.as_bytes()), Ok(secret));
        assert_eq!(SigningSecret::parse(RECENT).unwrap().reveal(), RECENT);
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = SigningSecret::parse(RECENT).unwrap();
        assert_eq!(format!("{secret:?}"), "SigningSecret(***)");
        assert!(!InvalidSecret.to_string().contains("whsec"));
    }

    #[test]
    fn refuses_what_is_no_secret() {
        let too_short = format!("whsec_{}", STANDARD.encode([0; 23]));
        let too_long = format!("whsec_{}", STANDARD.encode([0; 65]));
        for text in ["", "whsec_", "whsec_pas du base64", &RECENT[6..], &too_short, &too_long] {
            assert_eq!(SigningSecret::parse(text), Err(InvalidSecret), "{text}");
        }
        assert!(SigningSecret::parse(&format!("whsec_{}", STANDARD.encode([0; 64]))).is_ok());
    }

    proptest! {
        #[test]
        fn a_client_nobody_here_wrote_verifies_it(
            bytes in proptest::collection::vec(any::<u8>(), 24..=64),
            body in "\\PC{0,100}",
            id in "[a-z0-9_-]{1,40}",
        ) {
            let secret = SigningSecret::from_bytes(&bytes).unwrap();
            let timestamp = Utc::now().timestamp();
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", id.parse().unwrap());
            headers.insert("webhook-timestamp", timestamp.into());
            headers.insert("webhook-signature", sign([&SigningSecret::from_random([1; 32]), &secret], &id, timestamp, body.as_bytes()).parse().unwrap());
            let receiver = Webhook::new(&secret.reveal()).unwrap();
            prop_assert!(receiver.verify(body.as_bytes(), &headers).is_ok());
            let stranger = Webhook::new(&SigningSecret::from_random([2; 32]).reveal()).unwrap();
            prop_assert!(stranger.verify(body.as_bytes(), &headers).is_err());
        }
    }
}
