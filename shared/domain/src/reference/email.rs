//! E-mail addresses: checked once, kept as typed, compared in one normal form.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization as _;

/// The longest address a mail server accepts (RFC 5321, 4.5.3.1.3), in bytes.
const MAX_LENGTH: usize = 254;

/// A valid e-mail address.
///
/// It keeps the text as it was typed, less the blanks around it. Two `Email`s are equal when they were typed the
/// same; whether they name the same mailbox is told by [`Email::normalised`].
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Email {
    typed: String,
    normalised: String,
}

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("adresse électronique invalide")]
pub struct InvalidEmail;

impl Email {
    /// Reads an address: blanks around it are dropped, and letters beyond ASCII are welcome on both sides of the `@`.
    ///
    /// # Errors
    /// [`InvalidEmail`] unless it is a plain `local@domain` of at most 254 bytes whose domain has a dot: neither a
    /// display name (`Léa <lea@example.fr>`) nor a literal domain (`lea@[192.0.2.1]`) is accepted.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let typed = text.trim();
        let composed: String = typed.nfc().collect();
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        let address = EmailAddress::parse_with_options(&composed, options).map_err(|_| InvalidEmail)?;
        if composed.len() > MAX_LENGTH || !address.domain().chars().all(is_domain_character) {
            return Err(InvalidEmail);
        }
        Ok(Self { typed: typed.to_owned(), normalised: normalise(&composed) })
    }

    /// The address as it was typed, without the blanks around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The form that is compared and hashed: NFC and lower case.
    #[must_use]
    pub fn normalised(&self) -> &str {
        &self.normalised
    }
}

/// Lower-casing may decompose a letter, hence the composition after it: normalising twice changes nothing.
fn normalise(composed: &str) -> String {
    composed.to_lowercase().nfc().collect()
}

/// `email_address` allows any atom character (`_`, `$`...) in a domain; no registry does.
fn is_domain_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.' || !c.is_ascii()
}

impl TryFrom<String> for Email {
    type Error = InvalidEmail;

    fn try_from(text: String) -> Result<Self, InvalidEmail> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.typed
    }
}

/// Redacted: an address is personal data and must not reach a log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_what_was_typed_and_compares_the_normal_form() {
        let email = Email::parse(" \u{a0}Claire.Weber@Strasbourg.EU ").unwrap();
        assert_eq!(email.as_str(), "Claire.Weber@Strasbourg.EU");
        assert_eq!(email.normalised(), "claire.weber@strasbourg.eu");
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same_mailbox() {
        let composed = Email::parse("B\u{c9}A@nantes.fr").unwrap();
        let decomposed = Email::parse("be\u{301}a@nantes.fr").unwrap();
        assert_eq!(composed.normalised(), decomposed.normalised());
        assert_ne!(composed, decomposed);
    }

    #[test]
    fn accepts() {
        let longest = format!("{}@{}.{}.{}.fr", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(58));
        assert_eq!(longest.len(), 254);
        for text in [
            "z@z.fr",
            "jean-luc.o'neil+aides@ville-saint-denis.fr",
            "béa@mairie-évreux.fr",
            "prénom.nom@例え.jp",
            &longest,
        ] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses() {
        let too_long = format!("{}@{}.{}.{}.fr", "a".repeat(64), "b".repeat(63), "c".repeat(63), "d".repeat(59));
        for text in [
            "",
            " ",
            "claire",
            "béa",
            "pas un e-mail",
            "a b@example.fr",
            "a@b@example.fr",
            "@example.fr",
            "a@",
            "a@localhost",
            "a@example.",
            "a@.fr",
            "a@exa mple.fr",
            "a@exa_mple.fr",
            "a@-example.fr",
            "a@[192.0.2.1]",
            "Léa <lea@example.fr>",
            "<lea@example.fr>",
            "lea@example.fr, bea@example.fr",
            "lea@example.fr\nbcc: x@y.fr",
            &too_long,
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail), "{text}");
        }
    }

    #[test]
    fn is_a_string_on_the_wire_and_redacted_in_logs() {
        let email: Email = serde_json::from_str("\"Lea@Example.fr\"").unwrap();
        assert_eq!(serde_json::to_string(&email).unwrap(), "\"Lea@Example.fr\"");
        assert!(serde_json::from_str::<Email>("\"lea\"").is_err());
        assert_eq!(format!("{email:?}"), "Email(***)");
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(
            local in "[A-Za-z][A-Za-z0-9àÉéïÔüçßſİK!#$%&'*+/=?^_`{|}~-]{0,12}", domain in "[A-Za-zÉé0-9]{1,8}\\.[a-z]{2,5}",
            around in "[ \t]{0,2}",
        ) {
            let decomposed: String = format!("{around}{local}@{domain}{around}").nfd().collect();
            let email = Email::parse(&decomposed);
            prop_assert!(email.is_ok(), "no address, nothing is tested: {} at {}", local, domain);
            if let Ok(email) = email {
                prop_assert_eq!(normalise(email.normalised()), email.normalised());
                // `İ` alone becomes a letter and a mark that no letter takes, which is no address.
                if !local.contains('İ') {
                    let again = Email::parse(email.normalised());
                    prop_assert_eq!(again.as_ref().map(Email::as_str), Ok(email.normalised()));
                }
            }
        }
    }
}
