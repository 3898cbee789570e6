//! Secrets from Secrets Manager. Most are rings of keys: rings of 32-byte keys, newest first, and what is sealed with them.
//!
//! A secret holds `{"keys": [{"id": "2026-11", "key": "<base64 of 32 bytes>"}]}`. New things are hashed or sealed
//! with the newest; the others are still recognised until they are taken out.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use aws_sdk_secretsmanager::Client;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

use crate::platform::clock::Clock;

/// One key of a ring.
#[derive(Clone)]
pub struct Key {
    /// Names the key beside what was made with it; letters, digits and `-`.
    pub id: String,
    /// The key itself.
    pub bytes: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Keys of one purpose, newest first; never empty.
#[derive(Clone, Debug)]
pub struct KeyRing {
    newest: Key,
    older: Vec<Key>,
}

/// Why keys could not be had, or something could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager could not be asked.
    #[error("secret {0} could not be read ({1})")]
    Unreadable(String, #[source] Box<aws_sdk_secretsmanager::Error>),
    /// The secret is empty or not of the documented form. Its content is not repeated.
    #[error("secret {0} has another form than documented (see template.yaml)")]
    Malformed(String),
    /// No key of the ring opens it.
    #[error("no key of the ring opens what was sealed")]
    Sealed,
}

impl KeyRing {
    /// A ring of `keys`, newest first; `None` when there are none.
    #[must_use]
    pub fn new(mut keys: Vec<Key>) -> Option<Self> {
        if keys.is_empty() {
            return None;
        }
        let newest = keys.remove(0);
        Some(Self { newest, older: keys })
    }

    /// The key new things are made with, and those still recognised.
    #[must_use]
    pub fn newest_and_older(&self) -> (&Key, &[Key]) {
        (&self.newest, &self.older)
    }

    /// Whether a key of this id is among them.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        std::iter::once(&self.newest).chain(&self.older).any(|key| key.id == id)
    }

    /// The keys for one use, derived from these (the first block of HKDF-Expand): what is made for one use says nothing
    /// about the keys of another.
    #[must_use]
    pub fn for_use(&self, label: &str) -> Self {
        let derive = |key: &Key| Key { id: key.id.clone(), bytes: hmac_sha256(&key.bytes, &[label.as_bytes(), &[1]]) };
        Self { newest: derive(&self.newest), older: self.older.iter().map(derive).collect() }
    }

    /// The HMAC-SHA-256 of `text` under the newest key.
    #[must_use]
    pub fn mac(&self, text: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.newest.bytes, &[text])
    }

    /// Seals `plain` (AES-256-GCM under the newest key) as `<key id>.<base64 of nonce and ciphertext>`. `bound_to`
    /// is authenticated with it: what was sealed for one thing does not open as another's.
    ///
    /// # Errors
    /// [`SecretError::Sealed`] if the cipher refuses, which it does only beyond 64 GiB.
    pub fn seal(&self, plain: &[u8], bound_to: &str, nonce: [u8; 12]) -> Result<String, SecretError> {
        let payload = aes_gcm::aead::Payload { msg: plain, aad: bound_to.as_bytes() };
        let cipher = Aes256Gcm::new(&self.newest.bytes.into());
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SecretError::Sealed)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("{}.{}", self.newest.id, STANDARD.encode(bytes)))
    }

    /// Opens what [`Self::seal`] made with any key of the ring.
    ///
    /// # Errors
    /// [`SecretError::Sealed`] when the key is unknown, or the text was altered or bound to something else.
    pub fn open(&self, sealed: &str, bound_to: &str) -> Result<Vec<u8>, SecretError> {
        let (id, text) = sealed.split_once('.').ok_or(SecretError::Sealed)?;
        let mut keys = std::iter::once(&self.newest).chain(&self.older);
        let key = keys.find(|key| key.id == id).ok_or(SecretError::Sealed)?;
        let bytes = STANDARD.decode(text).map_err(|_| SecretError::Sealed)?;
        let (nonce, msg) = bytes.split_at_checked(12).ok_or(SecretError::Sealed)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| SecretError::Sealed)?;
        let payload = aes_gcm::aead::Payload { msg, aad: bound_to.as_bytes() };
        Aes256Gcm::new(&key.bytes.into()).decrypt(&Nonce::from(nonce), payload).map_err(|_| SecretError::Sealed)
    }
}

fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length: this cannot fail.
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).expect("any key length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl SecretForm for KeyRing {
    fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Ring {
            keys: Vec<Entry>,
        }
        #[derive(Deserialize)]
        struct Entry {
            id: String,
            key: String,
        }
        let ring: Ring = serde_json::from_str(text).ok()?;
        let key = |entry: Entry| {
            let named = !entry.id.is_empty() && entry.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let bytes = STANDARD.decode(entry.key).ok()?.try_into().ok()?;
            named.then_some(Key { id: entry.id, bytes })
        };
        Self::new(ring.keys.into_iter().map(key).collect::<Option<_>>()?)
    }
}

/// What a secret of Secrets Manager holds.
pub trait SecretForm: Sized {
    /// Reads it from the text of the secret; `None` when it has another form.
    fn parse(text: &str) -> Option<Self>;
}

/// A user name and a password: `{"username": "...", "password": "..."}`.
#[derive(Clone, Deserialize)]
pub struct Account {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// The key of somebody's API: `{"key": "..."}`.
#[derive(Clone, Deserialize)]
pub struct ApiKey {
    /// The key.
    pub key: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

impl SecretForm for Account {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl SecretForm for ApiKey {
    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// How long a secret is used before it is read again: one rotated in Secrets Manager is in use that soon.
const FRESH_FOR: TimeDelta = TimeDelta::minutes(5);
/// How long after a failed reading the next one is tried.
const TRIED_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(30);

/// A secret followed while the function lives. Cheap to clone; clones share what was read.
#[derive(Debug)]
pub struct Rotating<T> {
    client: Client,
    secret_id: String,
    clock: Clock,
    state: Arc<RwLock<Read<T>>>,
}

/// A ring of keys that follows its secret.
pub type RotatingKeys = Rotating<KeyRing>;

#[derive(Debug)]
struct Read<T> {
    value: Arc<T>,
    stale_at: DateTime<Utc>,
}

// Written out so that what is read need not be `Clone`.
impl<T> Clone for Rotating<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            secret_id: self.secret_id.clone(),
            clock: self.clock.clone(),
            state: Arc::clone(&self.state),
        }
    }
}

impl<T: SecretForm> Rotating<T> {
    /// Reads the secret for the first time.
    ///
    /// # Errors
    /// [`SecretError::Unreadable`] or [`SecretError::Malformed`].
    pub async fn load(client: Client, secret_id: String, clock: Clock) -> Result<Self, SecretError> {
        let value = Arc::new(read(&client, &secret_id).await?);
        let stale_at = clock.now() + FRESH_FOR;
        Ok(Self { client, secret_id, clock, state: Arc::new(RwLock::new(Read { value, stale_at })) })
    }

    /// What was last read.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).value)
    }

    /// Reads it again when it is stale. A failure is logged, and what is at hand goes on being used.
    pub async fn keep_fresh(&self) {
        let stale = self.state.read().unwrap_or_else(PoisonError::into_inner).stale_at <= self.clock.now();
        if stale {
            self.read_again().await;
        }
    }

    /// Reads it again now, as when something was sealed with a key not known yet, or a key was refused.
    pub async fn read_again(&self) {
        let read = read(&self.client, &self.secret_id).await;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(value) => *state = Read { value: Arc::new(value), stale_at: self.clock.now() + FRESH_FOR },
            Err(error) => {
                tracing::error!(error = %error, "secret not read again: what is at hand is kept");
                state.stale_at = self.clock.now() + TRIED_AGAIN_AFTER;
            }
        }
    }
}

async fn read<T: SecretForm>(client: &Client, secret_id: &str) -> Result<T, SecretError> {
    let answer = client.get_secret_value().secret_id(secret_id).send().await;
    let value = answer.map_err(|error| SecretError::Unreadable(secret_id.to_owned(), Box::new(error.into())))?;
    value.secret_string().and_then(T::parse).ok_or_else(|| SecretError::Malformed(secret_id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(ids: &[(&str, u8)]) -> KeyRing {
        KeyRing::new(ids.iter().map(|(id, b)| Key { id: (*id).into(), bytes: [*b; 32] }).collect()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_after_a_rotation_and_only_for_its_owner() {
        let sealed = ring(&[("1", 1)]).seal(b"whsec", "webhook-1", [9; 12]).unwrap();
        assert!(!sealed.contains("whsec"));
        let rotated = ring(&[("2", 2), ("1", 1)]);
        assert_eq!(rotated.open(&sealed, "webhook-1").unwrap(), b"whsec");
        assert!(rotated.open(&sealed, "webhook-2").is_err());
        assert!(ring(&[("2", 2)]).open(&sealed, "webhook-1").is_err());
        assert!(ring(&[("1", 3)]).open(&sealed, "webhook-1").is_err());
    }

    #[test]
    fn the_keys_of_one_use_are_not_those_of_another() {
        let keys = ring(&[("2", 2), ("1", 1)]);
        let (tokens, codes) = (keys.for_use("tokens"), keys.for_use("codes"));
        assert_ne!(tokens.mac(b"x"), codes.mac(b"x"));
        assert_ne!(tokens.mac(b"x"), keys.mac(b"x"));
        let sealed = ring(&[("1", 1)]).for_use("mails").seal(b"code", "mail-1", [9; 12]).unwrap();
        assert_eq!(keys.for_use("mails").open(&sealed, "mail-1").unwrap(), b"code");
        assert!(keys.open(&sealed, "mail-1").is_err());
        assert!(codes.open(&sealed, "mail-1").is_err());
    }

    #[test]
    fn a_secret_of_another_form_is_refused() {
        let key = STANDARD.encode([1_u8; 32]);
        assert!(KeyRing::parse(&format!(r#"{{"keys":[{{"id":"a-1","key":"{key}"}}]}}"#)).is_some());
        for bad in
            ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"id":"a","key":"AAAA"}]}"#, r#"{"keys":[{"id":"","key":"A"}]}"#]
        {
            assert!(KeyRing::parse(bad).is_none(), "{bad}");
        }
    }
}
