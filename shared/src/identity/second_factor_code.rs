//! Codes of the second factor: six digits, of which only a keyed hash is kept.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::platform::secrets::{Key, KeyRing};

/// What the keys of codes are derived for.
const USE: &str = "second-factor-codes";

/// A code out of a random number.
#[must_use]
pub fn code(random: u32) -> String {
    format!("{:06}", random % 1_000_000)
}

/// What is kept of the code sent to a person, beside the challenge that has to be brought with it.
#[must_use]
pub fn hash(code: &str, person: Uuid, keys: &KeyRing) -> String {
    let keys = keys.for_use(USE);
    hex::encode(mac(code, person, keys.newest_and_older().0).finalize().into_bytes())
}

/// Whether this is the code of which `hash` was kept, under any key of the ring. Compared in constant time.
#[must_use]
pub fn matches(code: &str, person: Uuid, hash: &str, keys: &KeyRing) -> bool {
    let Ok(hash) = hex::decode(hash) else { return false };
    let keys = keys.for_use(USE);
    let (newest, older) = keys.newest_and_older();
    std::iter::once(newest).chain(older).any(|key| mac(code, person, key).verify_slice(&hash).is_ok())
}

fn mac(code: &str, person: Uuid, key: &Key) -> Hmac<Sha256> {
    // HMAC takes keys of any length: this cannot fail.
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.bytes).expect("any key length");
    mac.update(person.as_bytes());
    mac.update(code.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_matches_for_its_person_over_a_rotation() {
        let key = |id: &str, bytes| Key { id: id.into(), bytes: [bytes; 32] };
        let keys = KeyRing::new(vec![key("a", 1)]).unwrap();
        let rotated = KeyRing::new(vec![key("b", 2), key("a", 1)]).unwrap();
        let (lea, bea) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(code(7), "000007");
        assert_eq!(code(4_294_967_295), "967295");
        let kept = hash("000007", lea, &keys);
        assert!(matches("000007", lea, &kept, &rotated));
        assert!(!matches("000008", lea, &kept, &rotated));
        assert!(!matches("000007", bea, &kept, &rotated));
        assert!(!matches("000007", lea, "x", &rotated));
    }
}
