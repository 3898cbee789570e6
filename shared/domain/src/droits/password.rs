//! Passwords as people type them. What is compared and hashed is the NFKC form, so that the same password typed on
//! another keyboard is the same password.

use std::fmt;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;

/// The fewest characters of a new password.
const SHORTEST: usize = 12;
/// The most characters of any password: more would only cost time to normalise and to hash.
const LONGEST: usize = 1_000;

/// A password brought by somebody, right or wrong: 1-1,000 characters.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct GivenPassword(String);

/// A password somebody chooses: 12-1,000 characters, with an upper-case letter, a lower-case letter and a digit.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct NewPassword(GivenPassword);

impl GivenPassword {
    /// As it was typed: what hashes made elsewhere were made of.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.0
    }

    /// Its NFKC form: what is hashed.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.0.nfkc().collect()
    }
}

impl NewPassword {
    /// The password.
    #[must_use]
    pub const fn as_given(&self) -> &GivenPassword {
        &self.0
    }
}

impl TryFrom<String> for GivenPassword {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Err("mot de passe obligatoire");
        }
        if text.chars().nth(LONGEST).is_some() {
            return Err("1000 caractères au plus");
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for NewPassword {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let weak = "12 caractères au moins, dont une majuscule, une minuscule et un chiffre";
        let given = GivenPassword::try_from(text).map_err(|_| weak)?;
        let normalised = given.normalised();
        let has = |test: fn(char) -> bool| normalised.chars().any(test);
        let strong = normalised.chars().count() >= SHORTEST
            && has(char::is_uppercase)
            && has(char::is_lowercase)
            && has(|c| c.is_ascii_digit());
        if strong { Ok(Self(given)) } else { Err(weak) }
    }
}

/// Shows nothing of it.
impl fmt::Debug for GivenPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenPassword(..)")
    }
}

/// Shows nothing of it.
impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_passwords_are_counted_in_characters() {
        for good in ["Motdepasse2026", "Éléphante123", "ÀÉ12345678ab"] {
            assert!(NewPassword::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = format!("Aa1{}", "é".repeat(997));
        assert!(NewPassword::try_from(long.clone()).is_ok());
        let too_long = format!("{long}x");
        for bad in ["Court2026aa", "sansmajuscule2026", "SansAucunChiffre", "SANSMINUSCULE1", "Éééééé1", "", &too_long]
        {
            assert!(NewPassword::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        // Twelve code points typed, eleven characters.
        assert!(NewPassword::try_from("E\u{301}12345678ab".to_owned()).is_err());
    }

    #[test]
    fn the_same_password_typed_otherwise_is_the_same() {
        let typed = |text: &str| GivenPassword::try_from(text.to_owned()).unwrap();
        assert_eq!(typed("E\u{301}le\u{301}phante2026").normalised(), typed("Éléphante2026").normalised());
        assert_eq!(typed("Ｍotdepasse2026").normalised(), "Motdepasse2026");
        assert!(!format!("{:?}", typed("Motdepasse2026")).contains("Mot"));
    }
}
