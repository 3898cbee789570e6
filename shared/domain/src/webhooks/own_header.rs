//! The one header of its own that a receiver may ask for: a key of its gateway, a token of its proxy.
//!
//! Only names that mean nothing to us, to HTTP or to what stands between us and the receiver: `Authorization`, or `X-...`
//! less those that proxies and AWS write themselves.

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const NAME_MAX: usize = 64;
/// The longest value, in characters.
const VALUE_MAX: usize = 1_024;

/// What names may not begin with, in lower case: what proxies and AWS tell of a request, what overrides its method, and
/// what we may want to say some day.
const RESERVED: [&str; 5] = ["x-forwarded", "x-real-ip", "x-amz", "x-http-method", "x-passerelle"];

/// The name of such a header, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OwnName(String);

/// The value of such a header: a secret, which no log shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OwnValue(String);

/// Such a header as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedHeader {
    /// Its name.
    pub name: String,
    /// Its value, sealed for this webhook and name.
    pub sealed: String,
}

impl TryFrom<String> for OwnName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let lower = name.to_ascii_lowercase();
        let of_letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        let own = lower.strip_prefix("x-").is_some_and(|rest| !rest.is_empty());
        if !(lower == "authorization" || (own && of_letters && name.len() <= NAME_MAX)) {
            return Err("« Authorization », ou « X-... » de lettres, chiffres, - et _, 64 caractères au plus");
        }
        if RESERVED.iter().any(|reserved| lower.starts_with(reserved)) {
            return Err("ce nom est réservé");
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for OwnValue {
    type Error = &'static str;

    fn try_from(value: String) -> Result<Self, Self::Error> {
        let visible = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if value.is_empty() || value.len() > VALUE_MAX || !visible || value.trim() != value {
            return Err("1 à 1024 caractères ASCII visibles, sans blanc au début ni à la fin");
        }
        Ok(Self(value))
    }
}

impl OwnName {
    /// As typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OwnValue {
    /// The bytes, to be sealed for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorization_and_names_in_x_are_own_unless_somebody_else_writes_them() {
        let check = |name: &str, own: bool| assert_eq!(OwnName::try_from(name.to_owned()).is_ok(), own, "{name}");
        for name in
            ["Authorization", "authorization", "X-Api-Key", "x-a", "X-API_KEY-2", &format!("X-{}", "a".repeat(62))]
        {
            check(name, true);
        }
        for name in ["", "X-", "Host", "Content-Type", "Webhook-Id", "webhook-signature", "traceparent", "Cookie"] {
            check(name, false);
        }
        for name in ["Proxy-Authorization", "X-a b", "X-é", "X-a:", "X-a\r\nHost", &format!("X-{}", "a".repeat(63))] {
            check(name, false);
        }
        for name in ["X-Forwarded-For", "x-forwarded-host", "X-Real-IP", "X-Amz-Date", "X-Amzn-Trace-Id"] {
            check(name, false);
        }
        for name in ["X-HTTP-Method-Override", "X-Passerelle-Version"] {
            check(name, false);
        }
    }

    #[test]
    fn values_are_visible_ascii() {
        let check =
            |value: &str, fine: bool| assert_eq!(OwnValue::try_from(value.to_owned()).is_ok(), fine, "{value:?}");
        for value in ["a", "Bearer abc.def", "Basic dXNlcjpwdw==", "~!", &"a".repeat(1_024)] {
            check(value, true);
        }
        for value in ["", " ", " a", "a ", "a\r\nX-B: c", "a\tb", "é", "a\u{7f}", "\0", &"a".repeat(1_025)] {
            check(value, false);
        }
    }
}
