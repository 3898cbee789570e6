//! Codes as the Dataspace gives them, brought to one form: SIRET, code INSEE, postal code. A spreadsheet on the way may
//! have made numbers of them, and taken their leading zeros.

use serde_json::Value;

use super::texte::present;
use crate::reference::arrondissement::{arrondissements_of, commune_or_city};
use crate::reference::territory;

/// Digits of a SIRET.
const SIRET: usize = 14;
/// Digits of a code INSEE or postal code.
const COMMUNE: usize = 5;

/// The value can be no code: it is an object, a list, a boolean, or a number no code is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCode;

/// A SIRET, without blanks and dots.
///
/// # Errors
/// [`NoCode`].
pub fn read_siret(value: &Value) -> Result<Option<String>, NoCode> {
    Ok(text(value, SIRET)?.map(|text| normalise_siret(&text)).filter(|siret| !siret.is_empty()))
}

/// The code INSEE of a commune of today; a code of no commune is absent.
///
/// # Errors
/// [`NoCode`].
pub fn read_code_insee(value: &Value) -> Result<Option<String>, NoCode> {
    Ok(text(value, COMMUNE)?.and_then(|text| normalise_code_insee(&text)).map(str::to_owned))
}

/// A postal code.
///
/// # Errors
/// [`NoCode`].
pub fn read_code_postal(value: &Value) -> Result<Option<String>, NoCode> {
    text(value, COMMUNE)
}

/// A SIRET without blanks and dots.
#[must_use]
pub fn normalise_siret(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect()
}

/// The commune of today: of a code without its leading zero, in lower case, of a commune merged into another, or of a
/// municipal arrondissement. `None` when no commune has, or had, this code.
#[must_use]
pub fn normalise_code_insee(text: &str) -> Option<&'static str> {
    let code: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let code = if code.len() + 1 == COMMUNE { format!("0{code}") } else { code };
    commune_or_city(&code).map(territory::Commune::code)
}

/// The other forms in which a commune's code may have been stored before it was brought to one.
pub fn former_forms(code_insee: &str) -> impl Iterator<Item = String> {
    let merged = territory::former_codes().filter(move |(_, commune)| commune.code() == code_insee);
    let without_zero = code_insee.strip_prefix('0').map(str::to_owned);
    let lower_case = Some(code_insee.to_lowercase()).filter(|lower| lower != code_insee);
    let merged = merged.map(|(code, _)| code.to_owned());
    without_zero.into_iter().chain(lower_case).chain(arrondissements_of(code_insee)).chain(merged)
}

/// The text of a code; a whole number is written with the leading zeros it has lost.
fn text(value: &Value, digits: usize) -> Result<Option<String>, NoCode> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(present(Some(text)).map(str::to_owned)),
        Value::Number(number) => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0").unwrap_or(&text);
            let is_code = whole.len() <= digits && whole.bytes().all(|byte| byte.is_ascii_digit());
            if is_code { Ok(Some(format!("{whole:0>digits$}"))) } else { Err(NoCode) }
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(NoCode),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn insee(value: Value) -> Option<String> {
        read_code_insee(&value).unwrap()
    }

    #[test]
    fn numbers_are_read_with_the_zeros_they_lost() {
        assert_eq!(read_siret(&json!(13_001_946_600_012_u64)).unwrap().unwrap(), "13001946600012");
        assert_eq!(read_siret(&json!(5_580_000_000_017_u64)).unwrap().unwrap(), "05580000000017");
        assert_eq!(read_siret(&json!(13_001_946_600_012.0)).unwrap().unwrap(), "13001946600012");
        assert_eq!(read_code_postal(&json!(1000)).unwrap().unwrap(), "01000");
        assert_eq!(insee(json!(1004)).unwrap(), "01004");
        assert_eq!(insee(json!(35238.0)).unwrap(), "35238");
    }

    #[test]
    fn what_can_be_no_code_is_told_from_what_is_absent() {
        for value in [json!({"v": 1}), json!([35_238]), json!(true), json!(1.5), json!(-1), json!(123_456)] {
            assert_eq!(read_code_insee(&value), Err(NoCode), "{value}");
            assert_eq!(read_code_postal(&value), Err(NoCode), "{value}");
        }
        assert_eq!(read_siret(&json!(113_001_946_600_012_u64)), Err(NoCode));
        for value in [json!(null), json!(""), json!(" "), json!("null"), json!("[ND]")] {
            assert_eq!((read_siret(&value), read_code_postal(&value)), (Ok(None), Ok(None)), "{value}");
        }
    }

    #[test]
    fn a_siret_has_neither_blanks_nor_dots() {
        for text in ["130 019 466 00012", "130.019.466.00012", " 13001946600012 ", "130\u{a0}019\u{202f}466 00012"] {
            assert_eq!(read_siret(&json!(text)).unwrap().unwrap(), "13001946600012", "{text}");
        }
        assert_eq!(read_siret(&json!(" . ")), Ok(None));
    }

    #[test]
    fn a_code_insee_is_that_of_a_commune_of_today() {
        for (text, code) in [
            ("35238", Some("35238")),
            (" 35 238 ", Some("35238")),
            ("49108", Some("49183")),
            ("49069", Some("49126")),
            ("69382", Some("69123")),
            ("75101", Some("75056")),
            ("13216", Some("13055")),
            ("1004", Some("01004")),
            ("2a004", Some("2A004")),
            ("97209", Some("97209")),
            ("[NON-DIFFUSIBLE]", None),
            ("99999", None),
            ("Rennes", None),
        ] {
            assert_eq!(insee(json!(text)).as_deref(), code, "{text}");
        }
    }

    #[test]
    fn codes_stored_in_another_form_are_known() {
        let forms = |code| former_forms(code).collect::<Vec<_>>();
        assert!(forms("49183").contains(&"49108".to_owned()));
        assert!(forms("69123").contains(&"69382".to_owned()));
        assert!(forms("01004").contains(&"1004".to_owned()));
        assert!(forms("2A004").contains(&"2a004".to_owned()));
        assert_eq!(forms("35238"), Vec::<String>::new());
    }
}
