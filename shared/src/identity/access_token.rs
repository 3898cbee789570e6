//! Access tokens: JWT, HS256 and nothing else, twelve hours, keys that rotate.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::secrets::KeyRing;
use domain::droits::account::{Role, User};

/// How long a token opens anything.
const LIFE: TimeDelta = TimeDelta::hours(12);
/// How far ahead the clock of who issued it may be, in seconds.
const CLOCK_SKEW: i64 = 60;
/// What the keys of tokens are derived for.
const USE: &str = "access-tokens";

/// What a token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The user.
    pub sub: Uuid,
    /// The establishment signed in to.
    pub establishment_id: Uuid,
    /// The role at that time; what counts is the role stored.
    pub role: Role,
    /// The version of the user's credentials: a token of an earlier one opens nothing.
    #[serde(default)]
    pub credentials_version: u64,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// The claims of a token issued at `now`.
    #[must_use]
    pub fn new(user: &User, establishment: Uuid, credentials_version: u64, now: DateTime<Utc>) -> Self {
        Self {
            sub: user.id,
            establishment_id: establishment,
            role: user.role,
            credentials_version,
            iat: now.timestamp(),
            exp: (now + LIFE).timestamp(),
        }
    }
}

/// A token could not be written: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be written")]
pub struct TokenError(#[from] jsonwebtoken::errors::Error);

/// Signs claims with the newest key, which the token names.
///
/// # Errors
/// When the library refuses, which it has no reason to.
pub fn issue(claims: &Claims, keys: &KeyRing) -> Result<String, TokenError> {
    let keys = keys.for_use(USE);
    let (newest, _) = keys.newest_and_older();
    let header = Header { kid: Some(newest.id.clone()), ..Header::new(Algorithm::HS256) };
    Ok(jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&newest.bytes))?)
}

/// The claims of a token that is good at `now`, signed with any key of the ring.
#[must_use]
pub fn verified(token: &str, keys: &KeyRing, now: DateTime<Utc>) -> Option<Claims> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let keys = keys.for_use(USE);
    let (newest, older) = keys.newest_and_older();
    let key = std::iter::once(newest).chain(older).find(|key| key.id == kid)?;
    // The algorithm is ours, not the token's; the time is the injected clock's, not the library's.
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(&key.bytes), &validation).ok()?;
    let claims = decoded.claims;
    (claims.exp > now.timestamp() && claims.iat <= now.timestamp() + CLOCK_SKEW).then_some(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::secrets::Key;

    fn claims(now: DateTime<Utc>) -> Claims {
        let user = User {
            id: Uuid::from_u128(1),
            email: "lea.martin@strasbourg.eu".to_owned(),
            role: Role::Usual,
            establishment_id: Uuid::from_u128(2),
            suspension: None,
            created_at: None,
            deleted_at: None,
            last_authenticated_at: None,
            deletion_announced: None,
        };
        Claims::new(&user, user.establishment_id, 3, now)
    }

    #[test]
    fn a_token_of_the_future_is_not_believed() {
        let (now, keys) = (domain::instant::parse("2026-04-01T12:00:00Z").unwrap(), ring(&[("a", 1)]));
        let ahead = |seconds| issue(&claims(now + TimeDelta::seconds(seconds)), &keys).unwrap();
        assert!(verified(&ahead(60), &keys, now).is_some());
        assert!(verified(&ahead(61), &keys, now).is_none());
    }

    fn ring(ids: &[(&str, u8)]) -> KeyRing {
        KeyRing::new(ids.iter().map(|(id, b)| Key { id: (*id).into(), bytes: [*b; 32] }).collect()).unwrap()
    }

    #[test]
    fn a_token_is_good_for_twelve_hours_and_over_a_rotation() {
        let now = domain::instant::parse("2026-04-01T12:00:00Z").unwrap();
        let claims = claims(now);
        let token = issue(&claims, &ring(&[("a", 1)])).unwrap();
        let rotated = ring(&[("b", 2), ("a", 1)]);
        assert_eq!(verified(&token, &rotated, now), Some(claims));
        assert_eq!(verified(&token, &rotated, now + LIFE - TimeDelta::seconds(1)), Some(claims));
        assert_eq!(verified(&token, &rotated, now + LIFE), None);
        assert_eq!(verified(&token, &ring(&[("b", 2)]), now), None);
        assert_eq!(verified(&token, &ring(&[("a", 2)]), now), None);
    }

    #[test]
    fn no_other_algorithm_and_no_altered_token_is_believed() {
        let now = domain::instant::parse("2026-04-01T12:00:00Z").unwrap();
        let keys = ring(&[("a", 1)]);
        let claims = claims(now);
        let header = Header { kid: Some("a".to_owned()), ..Header::new(Algorithm::HS512) };
        let derived = keys.for_use(USE);
        let secret = derived.newest_and_older().0.bytes;
        let other = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        assert_eq!(verified(&other, &keys, now), None);
        let token = issue(&claims, &keys).unwrap();
        let (head, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(verified(&format!("{head}x.{signature}"), &keys, now), None);
        assert_eq!(verified(&format!("{head}."), &keys, now), None);
        assert_eq!(verified("", &keys, now), None);
    }
}
