//! People are known by a keyed hash of their e-mail, never by the e-mail itself (design, decision 8).
//!
//! HMAC-SHA-256 under a key from Secrets Manager. The key's id stands beside each hash; older keys are still tried,
//! so that the key can be rotated.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::platform::secrets::KeyRing;
use domain::reference::email::Email;

/// The hash of one e-mail under one key: `<key id>#<64 hexadecimal digits>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonHash(String);

impl PersonHash {
    /// As it was written in a key.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The id of the key it was made with.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.0.split('#').next().unwrap_or_default()
    }

    /// As it is written in a key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One person, under every key still in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Under the current key: what is written.
    pub current: PersonHash,
    /// Under older keys: what may still be stored.
    pub older: Vec<PersonHash>,
}

impl Person {
    /// The person of an e-mail, which is normalised first (trimmed, NFC, lower case).
    #[must_use]
    pub fn of(email: &Email, keys: &KeyRing) -> Self {
        let hash = |id: &str, key: &[u8; 32]| {
            // HMAC takes keys of any length: this cannot fail.
            #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
            mac.update(email.normalised().as_bytes());
            PersonHash(format!("{id}#{}", hex::encode(mac.finalize().into_bytes())))
        };
        let (newest, older) = keys.newest_and_older();
        Self {
            current: hash(&newest.id, &newest.bytes),
            older: older.iter().map(|key| hash(&key.id, &key.bytes)).collect(),
        }
    }

    /// Whether a hash is the person's, under any key still in use.
    #[must_use]
    pub fn is(&self, hash: &PersonHash) -> bool {
        self.hashes().any(|known| known == hash)
    }

    /// Every hash the person may be stored under, the current one first.
    pub fn hashes(&self) -> impl Iterator<Item = &PersonHash> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secrets::Key;

    #[test]
    fn the_same_person_whatever_the_typing_and_another_under_another_key() {
        let ring = |bytes: u8| KeyRing::new(vec![Key { id: "k".into(), bytes: [bytes; 32] }]).unwrap();
        let person = |text: &str, keys| Person::of(&Email::parse(text).unwrap(), keys);
        let (first, second) = (ring(1), ring(2));
        assert_eq!(person(" Agent@Strasbourg.EU ", &first), person("agent@strasbourg.eu", &first));
        assert_ne!(person("agent@strasbourg.eu", &first), person("agent@strasbourg.eu", &second));
        assert_ne!(person("agent@strasbourg.eu", &first), person("bea@nantes.fr", &first));
    }

    #[test]
    fn older_keys_are_still_tried() {
        let key = |id: &str, bytes| Key { id: id.into(), bytes: [bytes; 32] };
        let email = Email::parse("bea@nantes.fr").unwrap();
        let before = Person::of(&email, &KeyRing::new(vec![key("1", 1)]).unwrap());
        let after = Person::of(&email, &KeyRing::new(vec![key("2", 2), key("1", 1)]).unwrap());
        assert_eq!(after.older, vec![before.current]);
    }
}
