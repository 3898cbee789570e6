//! Passwords: argon2id with the parameters OWASP recommends (19 MiB, two passes), off the threads that run tasks.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Hashes and verifies passwords, a few at a time: each takes 19 MiB and some tens of milliseconds of a processor.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
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
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || {
            let hash: PasswordHash = argon2()?.hash_password(password.as_bytes()).map_err(|_| PasswordError)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password is the one of a stored hash. Compared in constant time.
    ///
    /// # Errors
    /// When the stored hash cannot be read.
    pub async fn matches(&self, password: String, hash: String) -> Result<bool, PasswordError> {
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| PasswordError)?;
            match argon2()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(PasswordError),
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _turn = self.turns.acquire().await.map_err(|_| PasswordError)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError)?
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| PasswordError)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::default();
        let hash = passwords.hash("Motdepasse2026".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches("Motdepasse2026".to_owned(), hash.clone()).await.unwrap());
        assert!(!passwords.matches("motdepasse2026".to_owned(), hash).await.unwrap());
        assert!(passwords.matches("x".to_owned(), "not a hash".to_owned()).await.is_err());
    }
}
