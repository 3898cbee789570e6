//! Passwords: argon2id with the parameters OWASP recommends (19 MiB, two passes), off the threads that run tasks. Hashes
//! that ZLV made with bcrypt are accepted, to be made anew at once.
//!
//! Source: docs/spec/droits.md#passwords

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::droits::password::GivenPassword;
use tokio::sync::Semaphore;

/// Hashes and verifies passwords, a few at a time: each takes 19 MiB and some tens of milliseconds of a processor.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

/// How the hashes that ZLV made begin.
const BCRYPT: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

/// What was found of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// It is the one of the hash.
    Right,
    /// The same, and this hash is to be stored in place of the one there is.
    RightOutdated(String),
    /// It is another.
    Wrong,
}

/// A password could not be hashed or examined: a fault of ours, or a damaged hash.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be examined")]
pub struct PasswordError;

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(2)) }
    }
}

impl Passwords {
    /// The hash to store, in the PHC format, salt included.
    ///
    /// # Errors
    /// When the machine gives no salt or no memory.
    pub async fn hash(&self, password: GivenPassword) -> Result<String, PasswordError> {
        self.run(move || hash(&password.normalised())).await
    }

    /// Examines a password by a stored hash. Compared in constant time.
    ///
    /// # Errors
    /// When the stored hash cannot be read.
    pub async fn examine(&self, password: GivenPassword, stored: String) -> Result<Examined, PasswordError> {
        self.run(move || {
            let normalised = password.normalised();
            if BCRYPT.iter().any(|prefix| stored.starts_with(prefix)) {
                let right = bcrypt_matches(password.typed(), &stored)? || bcrypt_matches(&normalised, &stored)?;
                return if right { Ok(Examined::RightOutdated(hash(&normalised)?)) } else { Ok(Examined::Wrong) };
            }
            if argon2_matches(&normalised, &stored)? {
                return Ok(Examined::Right);
            }
            // Hashes made before passwords were normalised are of what was typed.
            if normalised != password.typed() && argon2_matches(password.typed(), &stored)? {
                return Ok(Examined::RightOutdated(hash(&normalised)?));
            }
            Ok(Examined::Wrong)
        })
        .await
    }

    /// Takes as long as [`Self::examine`] does, for somebody who has no hash: time tells nobody who has an account.
    ///
    /// # Errors
    /// When the machine gives no memory.
    pub async fn examine_none(&self, password: GivenPassword) -> Result<(), PasswordError> {
        self.run(move || hash(&password.normalised()).map(drop)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _turn = self.turns.acquire().await.map_err(|_| PasswordError)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError)?
    }
}

fn hash(normalised: &str) -> Result<String, PasswordError> {
    let hash: PasswordHash = argon2()?.hash_password(normalised.as_bytes()).map_err(|_| PasswordError)?;
    Ok(hash.to_string())
}

fn argon2_matches(password: &str, stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|_| PasswordError)?;
    match argon2()?.verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(PasswordError),
    }
}

fn bcrypt_matches(password: &str, stored: &str) -> Result<bool, PasswordError> {
    bcrypt::verify(password, stored).map_err(|_| PasswordError)
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| PasswordError)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> GivenPassword {
        GivenPassword::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only_however_it_is_typed() {
        let passwords = Passwords::default();
        let hash = passwords.hash(typed("Éléphante2026")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for same in ["Éléphante2026", "E\u{301}le\u{301}phante2026"] {
            assert_eq!(passwords.examine(typed(same), hash.clone()).await.unwrap(), Examined::Right, "{same}");
        }
        assert_eq!(passwords.examine(typed("éléphante2026"), hash).await.unwrap(), Examined::Wrong);
        assert!(passwords.examine(typed("x"), "not a hash".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn a_hash_of_bcrypt_is_made_anew() {
        let passwords = Passwords::default();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB] {
            let parts = bcrypt::hash_with_salt("Motdepasse2026", 4, [7; 16]).unwrap();
            let stored = parts.format_for_version(version);
            let examined = passwords.examine(typed("Motdepasse2026"), stored.clone()).await.unwrap();
            let Examined::RightOutdated(anew) = examined else { panic!("{examined:?}") };
            assert_eq!(passwords.examine(typed("Motdepasse2026"), anew).await.unwrap(), Examined::Right);
            assert_eq!(passwords.examine(typed("Motdepasse2027"), stored).await.unwrap(), Examined::Wrong);
        }
    }

    #[tokio::test]
    async fn a_hash_of_what_was_typed_is_made_anew() {
        let passwords = Passwords::default();
        let decomposed = "E\u{301}le\u{301}phante2026";
        let stored = super::hash(decomposed).unwrap();
        let examined = passwords.examine(typed(decomposed), stored).await.unwrap();
        assert!(matches!(examined, Examined::RightOutdated(_)), "{examined:?}");
    }
}
