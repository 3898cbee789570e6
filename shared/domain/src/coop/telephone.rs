//! Telephones as people write them, brought to E.164. Numbers of the French plan, ten digits with a leading 0, belong to
//! six calling codes, told apart by their prefix (ARCEP); all others are judged by libphonenumber's data.

use phonenumber::Mode;
use unicode_normalization::UnicodeNormalization as _;

use crate::reference::text::is_invisible;

/// Digits of a number of the French plan without its leading 0.
const NATIONAL_DIGITS: usize = 9;
/// No number is longer with everything people write before it.
const MAX_DIGITS: usize = 20;
/// The calling code of the mainland.
const MAINLAND: &str = "33";
/// The overseas calling codes with the prefixes of their numbers in the French plan: La Réunion and Mayotte,
/// Guadeloupe, Guyane, Martinique, Saint-Pierre-et-Miquelon.
const OVERSEAS: [(&str, &[&str]); 5] = [
    ("262", &["262", "263", "269", "639", "692", "693", "7092", "7093"]),
    ("590", &["590", "690", "691"]),
    ("594", &["594", "694"]),
    ("596", &["596", "696", "697"]),
    ("508", &["508", "708"]),
];

/// A telephone as E.164 writes it, or nothing when the text is not possible as a number.
#[must_use]
pub fn e164(text: &str) -> Option<String> {
    let dialled: String = text.nfkc().filter(|c| !is_separator(*c)).collect();
    let international = dialled.strip_prefix('+').or_else(|| dialled.strip_prefix("00"));
    let digits = international.unwrap_or(&dialled);
    if digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if international.is_none() {
        // Without `+`, only the calling codes of the French plan are taken for such.
        return national(digits).map(french).or_else(|| with_french_code(digits));
    }
    with_french_code(digits).or_else(|| valid(digits))
}

/// The nine digits of a number of the French plan, its leading 0 written or not.
fn national(digits: &str) -> Option<&str> {
    let nine = digits.strip_prefix('0').unwrap_or(digits);
    (nine.len() == NATIONAL_DIGITS && !nine.starts_with('0')).then_some(nine)
}

/// A number of the French plan written with the calling code it belongs to, or with that of the mainland.
fn with_french_code(digits: &str) -> Option<String> {
    if let Some(nine) = digits.strip_prefix(MAINLAND).and_then(national) {
        return Some(french(nine));
    }
    OVERSEAS.iter().find_map(|(code, _)| {
        let nine = digits.strip_prefix(code).and_then(national)?;
        (overseas_code(nine) == Some(code)).then(|| french(nine))
    })
}

/// The number with these nine digits, under the calling code it belongs to.
fn french(nine: &str) -> String {
    match overseas_code(nine) {
        // Where the prefix is the calling code itself and the number has six digits, it is not repeated.
        Some("508") if nine.starts_with("508") => format!("+{nine}"),
        Some(code) => format!("+{code}{nine}"),
        None => format!("+{MAINLAND}{nine}"),
    }
}

fn overseas_code(nine: &str) -> Option<&'static str> {
    let belongs = |prefixes: &[&str]| prefixes.iter().any(|prefix| nine.starts_with(prefix));
    OVERSEAS.iter().find(|(_, prefixes)| belongs(prefixes)).map(|(code, _)| *code)
}

/// The number these digits are, calling code first, if there can be one.
fn valid(digits: &str) -> Option<String> {
    let number = phonenumber::parse(None, format!("+{digits}")).ok().filter(phonenumber::is_valid)?;
    Some(number.format().mode(Mode::E164).to_string())
}

/// What people write between digits, and what a copied contact has around them without anybody seeing it.
fn is_separator(c: char) -> bool {
    is_invisible(c) || matches!(c, '.' | '-' | '/' | '(' | ')' | '[' | ']' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Option<&str>, texts: &[&str]) {
        for text in texts {
            assert_eq!(e164(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_of_the_mainland() {
        let forms = [
            "0612345678",
            "06.12-34 (56) [78]",
            "06/12/34/56/78",
            "06\u{a0}12\u{202f}34\u{2011}56\u{2013}78",
            "０６１２３４５６７８",
            "+33 6 12 34 56 78",
            "+33 (0)6 12 34 56 78",
            "+33 06 12 34 56 78",
            "0033612345678",
            "00 33 (0)6 12 34 56 78",
            "33612345678",
            "33 (0)6 12 34 56 78",
            "\u{202a}+33 6 12 34 56 78\u{202c}",
            "06\u{200b}12345678",
            "612345678",
        ];
        check(Some("+33612345678"), &forms);
        check(Some("+33299000000"), &["0299000000", "+33 2 99 00 00 00"]);
    }

    #[test]
    fn numbers_of_the_overseas_territories() {
        let reunion =
            ["0692 12 34 56", "+262 692 12 34 56", "+262 (0)692 12 34 56", "+33 692 12 34 56", "00262692123456"];
        check(Some("+262692123456"), &reunion);
        check(Some("+262692123456"), &["+33 (0)692 12 34 56", "262692123456"]);
        check(Some("+262262123456"), &["0262 12 34 56"]);
        check(Some("+262639123456"), &["0639 12 34 56", "+33639123456"]);
        check(Some("+590690123456"), &["0690 12 34 56", "+33 690 12 34 56", "+590690123456"]);
        check(Some("+590590123456"), &["0590 12 34 56"]);
        check(Some("+594694123456"), &["0694 12 34 56", "0033694123456"]);
        check(Some("+594594123456"), &["0594 12 34 56"]);
        check(Some("+596696123456"), &["0696 12 34 56", "+33 (0) 696 12 34 56"]);
        check(Some("+596596123456"), &["0596 12 34 56"]);
        check(Some("+508551234"), &["+508 55 12 34", "0508 55 12 34", "+33 508 55 12 34"]);
        check(Some("+508708401234"), &["0708 40 12 34"]);
        check(Some("+687781234"), &["+687 78 12 34", "00 687 78 12 34"]);
        check(Some("+68987123456"), &["+689 87 12 34 56"]);
        check(Some("+681821234"), &["+681 82 12 34"]);
    }

    #[test]
    fn numbers_of_other_countries() {
        check(Some("+12125550100"), &["00 1 212 555 0100", "+1 (212) 555-0100"]);
        check(Some("+442079460018"), &["+44 (0)20 7946 0018"]);
        check(Some("+32475123456"), &["+32 475 12 34 56"]);
    }

    #[test]
    fn what_is_not_possible_as_a_number_is_left_out() {
        let impossible = [
            "",
            "+",
            "061234567",
            "06123456789",
            "0000000000",
            "00000000000000",
            "06 12 34 56 7x",
            "poste 12",
            "voir secrétariat",
            "++33612345678",
            "+33 6 12 34 56",
            "+33 6 12 34 56 78 90",
            "+1234567",
            "+12345678",
            "+123456789012345",
            "+1234567890123456",
            "0012345678",
            "+999 123 456 789",
            "+590 6 12 34 56 78",
            "15",
            "3949",
            "123456789012345678901234567890",
        ];
        check(None, &impossible);
    }
}
