//! SIREN and SIRET numbers, with their check digit.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// La Poste has more establishments than the check digit allows: theirs are valid when their digits add up to a
/// multiple of five.
const LA_POSTE: &str = "356000000";

/// The number of an organisation: nine digits, the last of which is a check digit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Siren([u8; 9]);

/// The number of an establishment: the SIREN of its organisation and five digits of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Siret([u8; 14]);

/// The text is no SIREN: not nine digits, or the check digit is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("SIREN invalide: neuf chiffres et une clé de contrôle juste sont attendus")]
pub struct InvalidSiren;

/// The text is no SIRET: not fourteen digits, or the check digit is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("SIRET invalide: quatorze chiffres et une clé de contrôle juste sont attendus")]
pub struct InvalidSiret;

impl Siren {
    /// Reads nine digits, without blanks.
    ///
    /// # Errors
    /// [`InvalidSiren`] if it is anything else, or the Luhn check fails.
    pub fn parse(text: &str) -> Result<Self, InvalidSiren> {
        let digits = digits::<9>(text).ok_or(InvalidSiren)?;
        if luhn(&digits) { Ok(Self(digits)) } else { Err(InvalidSiren) }
    }

    /// The nine digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

impl Siret {
    /// Reads fourteen digits, without blanks.
    ///
    /// # Errors
    /// [`InvalidSiret`] if it is anything else, or the Luhn check fails (for La Poste: and its own rule fails too).
    pub fn parse(text: &str) -> Result<Self, InvalidSiret> {
        let digits = digits::<14>(text).ok_or(InvalidSiret)?;
        if luhn(&digits) || (text.starts_with(LA_POSTE) && digit_sum(&digits).is_multiple_of(5)) {
            Ok(Self(digits))
        } else {
            Err(InvalidSiret)
        }
    }

    /// The fourteen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// The organisation: the first nine digits. Their own check digit is not looked at again.
    #[must_use]
    pub fn siren(&self) -> Siren {
        let mut siren = [0; 9];
        siren.copy_from_slice(&self.0[..9]);
        Siren(siren)
    }
}

fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: [u8; N] = text.as_bytes().try_into().ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

/// The digits are ASCII, so this never falls back.
fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(rank, digit)| {
            let digit = u32::from(digit - b'0');
            match rank % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

fn digit_sum(digits: &[u8]) -> u32 {
    digits.iter().map(|digit| u32::from(digit - b'0')).sum()
}

macro_rules! text_number {
    ($number:ident, $error:ident) => {
        impl TryFrom<String> for $number {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(&text)
            }
        }

        impl From<$number> for String {
            fn from(number: $number) -> Self {
                number.as_str().to_owned()
            }
        }

        impl fmt::Display for $number {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $number {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($number), "({})"), self.as_str())
            }
        }
    };
}

text_number!(Siren, InvalidSiren);
text_number!(Siret, InvalidSiret);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siret() {
        let check = |text: &str, valid: bool| assert_eq!(Siret::parse(text).is_ok(), valid, "{text}");
        check("24670048800017", true);
        check("24670048800009", true);
        check("20001370400016", true);
        check("24670048800018", false);
        check("2467004880001", false);
        check("246700488000170", false);
        check("2467004880001a", false);
        check("246 700 488 00017", false);
        check(" 24670048800017", false);
        check("٢٤٦٧٠٠٤", false);
        check("", false);
    }

    #[test]
    fn la_poste_has_its_own_rule() {
        let check = |text: &str, valid: bool| assert_eq!(Siret::parse(text).is_ok(), valid, "{text}");
        // Luhn, as for everyone.
        check("35600000000048", true);
        // Digits that add up to 20, Luhn wrong.
        check("35600000000033", true);
        check("35600000000034", false);
        // The rule is La Poste's alone: the digits of this one add up to a multiple of five too.
        check("24670048800036", false);
    }

    #[test]
    fn siren() {
        assert_eq!(Siret::parse("24670048800017").unwrap().siren(), Siren::parse("246700488").unwrap());
        assert_eq!(Siren::parse("356000000").unwrap().to_string(), "356000000");
        assert_eq!(Siren::parse("246700489"), Err(InvalidSiren));
        assert_eq!(Siren::parse("24670048"), Err(InvalidSiren));
        assert_eq!(Siren::parse("24670048x"), Err(InvalidSiren));
    }

    #[test]
    fn numbers_are_strings_on_the_wire() {
        let siret: Siret = serde_json::from_str("\"24670048800017\"").unwrap();
        assert_eq!(serde_json::to_string(&siret).unwrap(), "\"24670048800017\"");
        assert!(serde_json::from_str::<Siret>("\"24670048800018\"").is_err());
        assert_eq!(format!("{siret:?}"), "Siret(24670048800017)");
    }
}
