//! What counts as absent in the Dataspace's texts.

use chrono::NaiveDate;

/// What sources write where they have nothing, or nothing they may tell. Compared without regard to case.
const ABSENT: [&str; 7] = ["null", "none", "n/a", "-", "[nd]", "[non-diffusible]", "[non diffusible]"];

/// A text, trimmed; an empty or blank one, and what only says that there is nothing, are absent.
#[must_use]
pub fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty() && !ABSENT.contains(&text.to_lowercase().as_str()))
}

/// A day that exists in the calendar: `YYYY-MM-DD`, or an instant at its midnight, in whatever offset it is written.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    let (day, time) = text.split_at_checked(10)?;
    if time.is_empty() || is_midnight(time) { civil_day(day) } else { None }
}

/// `T00:00`, seconds and their fraction if any all zero, with or without offset; a blank may stand for the `T`.
fn is_midnight(time: &str) -> bool {
    let Some(time) = time.strip_prefix(['T', 't', ' ']) else { return false };
    let end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, offset) = time.split_at(end);
    let mut parts = clock.trim_end().splitn(3, ':');
    let zero = |part: Option<&str>| part == Some("00");
    let minutes = zero(parts.next()) && zero(parts.next());
    let seconds = parts.next().is_none_or(|seconds| {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
        whole == "00" && !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0')
    });
    minutes && seconds && is_offset(offset)
}

/// Nothing, `Z`, or `+HH`, `+HHMM`, `+HH:MM` of a sign.
fn is_offset(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return matches!(text, "" | "Z" | "z") };
    let digits = digits.replacen(':', "", usize::from(digits.len() == 5));
    matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A day written `YYYY-MM-DD`.
fn civil_day(text: &str) -> Option<NaiveDate> {
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
        for absent in [None, Some(""), Some("  "), Some("null"), Some(" null "), Some("NULL"), Some("None")] {
            assert_eq!(present(absent), None, "{absent:?}");
        }
        for absent in ["[NON-DIFFUSIBLE]", "[ND]", "[nd]", "N/A", " - "] {
            assert_eq!(present(Some(absent)), None, "{absent:?}");
        }
        assert_eq!(present(Some("Saint-Malo")), Some("Saint-Malo"));
    }

    #[test]
    fn only_real_days_are_days() {
        assert!(day("2024-02-29").is_some());
        for none in ["2023-02-29", "2024-2-9", "29/02/2024", "", "+2024-02-2", "2024-02-29 ", "2024-02-29é"] {
            assert_eq!(day(none), None, "{none}");
        }
    }

    #[test]
    fn an_instant_at_midnight_is_its_day() {
        for time in [
            "T00:00:00Z",
            "T00:00:00",
            "T00:00:00.000Z",
            "T00:00:00+00:00",
            "T00:00:00+02:00",
            "T00:00:00-0300",
            "T00:00:00.000000+01",
            "T00:00Z",
            " 00:00:00",
            " 00:00:00 +0100",
        ] {
            assert_eq!(day(&format!("2024-02-29{time}")), day("2024-02-29"), "{time}");
        }
        for time in ["T00:00:01Z", "T12:00:00Z", "T23:00:00Z", "T00", "T", "T00:00:00X", "T00:00:00.Z", "T00:00:00+1"] {
            assert_eq!(day(&format!("2024-02-29{time}")), None, "{time}");
        }
        assert_eq!(day("2023-02-29T00:00:00Z"), None);
    }
}
