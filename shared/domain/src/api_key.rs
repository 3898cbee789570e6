//! Who calls: services, their API keys and what each key opens.
//!
//! A key is 256 random bits behind a prefix naming its service (`mec_...`). It is shown once; only its
//! SHA-256 is stored, which is enough for a secret of that entropy.
//!
//! Source: docs/spec/communs.md#callers

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name of a connected service (`mec`, `aides-territoires`): 1-40 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Service(String);

/// The service of Zéro Logement Vacant: its key of scope `manage` opens what droits lets its own service do.
pub const ZLV: &str = "zlv";
/// La Coop: its key of scope `manage` opens the nightly runs of coop.
pub const COOP: &str = "coop";
/// The operators' service, a reserved name: its keys, of scope `manage` only, open whatever an operator may do.
pub const EXPLOITATION: &str = "exploitation";

impl Service {
    /// Whether a key of `scope` may be issued to this service: management belongs to the service of a domain and to the
    /// operators, who have nothing else.
    ///
    /// Source: docs/spec/amendments.md#communs
    #[must_use]
    pub fn may_hold(&self, scope: Scope) -> bool {
        match scope {
            Scope::Manage => [ZLV, COOP, EXPLOITATION].contains(&self.as_str()),
            Scope::Projects | Scope::Sync => self.as_str() != EXPLOITATION,
        }
    }

    /// Reads a service name; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let valid = (1..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        valid.then(|| Self(text.to_owned()))
    }

    /// The name as written on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Service {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("un nom de service est attendu : a-z, 0-9 et tirets")
    }
}

impl From<Service> for String {
    fn from(service: Service) -> Self {
        service.0
    }
}

/// What an API key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Projects, links, permissions, statuts and webhooks, on behalf of a user.
    Projects,
    /// All of `projects`, for the service itself when no user is named, plus events, digest and erasure.
    Sync,
    /// Management of the droits domain; opens no route of communs.
    Manage,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Projects, Self::Sync, Self::Manage];

    /// The scope as written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Projects => "projects",
            Self::Sync => "sync",
            Self::Manage => "manage",
        }
    }
}

/// A freshly made API key: the text to show once, and the hash to store.
pub struct NewApiKey {
    /// `<service>_<43 URL-safe characters>`, to be shown once and never stored.
    pub text: String,
    /// What is stored and looked up.
    pub hash: KeyHash,
}

/// SHA-256 of an API key's text, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHash(String);

impl KeyHash {
    /// The hash of a presented key.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text.as_bytes())))
    }

    /// The first eight digits: enough to tell keys apart in logs, useless to whoever reads them there.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0[..8]
    }

    /// Reads the hexadecimal text of a hash; `None` when it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 64 && text.bytes().all(digit)).then(|| Self(text.to_owned()))
    }

    /// Lower-case hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Makes a key for `service` from 32 random bytes given by the caller.
#[must_use]
pub fn new_api_key(service: &Service, random: &[u8; 32]) -> NewApiKey {
    let text = format!("{service}_{}", URL_SAFE_NO_PAD.encode(random));
    let hash = KeyHash::of(&text);
    NewApiKey { text, hash }
}

/// The key in an `Authorization` header value, if it has the form of one: looking up anything else is useless.
#[must_use]
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_service_and_is_found_by_its_hash() {
        let mec = Service::parse("mec").unwrap();
        let key = new_api_key(&mec, &[7; 32]);
        assert!(key.text.starts_with("mec_"));
        assert_eq!(key.text.len(), "mec_".len() + 43);
        assert_eq!(KeyHash::of(&key.text), key.hash);
        assert_eq!(KeyHash::parse(key.hash.as_str()), Some(key.hash));
        assert_eq!(KeyHash::parse(&key.text), None);
    }

    #[test]
    fn service_names_are_slugs() {
        for good in ["mec", "tet", "aides-territoires", "a"] {
            assert!(Service::parse(good).is_some(), "{good}");
        }
        for bad in ["", "MEC", "mec tet", "mec#1", "é", &"a".repeat(41)] {
            assert!(Service::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn bearer_reads_only_bearer_tokens() {
        assert_eq!(bearer("Bearer mec_x"), Some("mec_x"));
        assert_eq!(bearer("bearer mec_x"), Some("mec_x"));
        assert_eq!(bearer("Basic mec_x"), None);
        assert_eq!(bearer("Bearer "), None);
        assert_eq!(bearer("Bearer"), None);
    }
}
