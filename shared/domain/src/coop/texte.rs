//! What counts as absent in the Dataspace's texts.

use chrono::NaiveDate;

/// A text, trimmed; an empty or blank one, and the text `null`, are absent.
#[must_use]
pub fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty() && *text != "null")
}

/// A day written `YYYY-MM-DD` that exists in the calendar.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    let dash = |place: usize| matches!(place, 4 | 7);
    let form = |(place, byte): (usize, u8)| if dash(place) { byte == b'-' } else { byte.is_ascii_digit() };
    let written = text.len() == 10 && text.bytes().enumerate().all(form);
    written.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_null_are_absent() {
        assert_eq!(present(Some(" Rennes ")), Some("Rennes"));
        for absent in [None, Some(""), Some("  "), Some("null"), Some(" null ")] {
            assert_eq!(present(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn only_real_days_are_days() {
        assert!(day("2024-02-29").is_some());
        for none in ["2023-02-29", "2024-2-9", "2024-02-29T00:00:00Z", "29/02/2024", "", "+2024-02-2"] {
            assert_eq!(day(none), None, "{none}");
        }
    }
}
