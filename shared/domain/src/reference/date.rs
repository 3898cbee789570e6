//! Civil dates as they are written: exactly `YYYY-MM-DD`.

use chrono::{Datelike as _, NaiveDate};
use serde::Deserialize;
use thiserror::Error;

/// A civil date of the years 1900-2200, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct CivilDate(pub NaiveDate);

/// The text is no such date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("une date AAAA-MM-JJ est attendue, de 1900 à 2200")]
pub struct InvalidDate;

impl CivilDate {
    /// Reads a date: ten characters, no blank, no sign.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |b: (usize, u8)| if matches!(b.0, 4 | 7) { b.1 == b'-' } else { b.1.is_ascii_digit() };
        if text.len() != 10 || !text.bytes().enumerate().all(digits) {
            return None;
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        (1900..=2200).contains(&date.year()).then_some(Self(date))
    }
}

impl TryFrom<String> for CivilDate {
    type Error = InvalidDate;

    fn try_from(text: String) -> Result<Self, InvalidDate> {
        Self::parse(&text).ok_or(InvalidDate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dates_written_in_full_are_read() {
        for good in ["1900-01-01", "2026-02-28", "2024-02-29", "2200-12-31"] {
            assert_eq!(CivilDate::parse(good).map(|date| date.0.to_string()).as_deref(), Some(good));
        }
        let bad = [
            "2026- 1-01",
            "2026-1-01",
            "2026-01-1 ",
            " 2026-01-01",
            "+2026-01-0",
            "2026-02-29",
            "2026-13-01",
            "1899-12-31",
            "2201-01-01",
            "20260101",
            "2026/01/01",
            "01-01-2026",
            "2026-01-01T00:00:00Z",
            "",
            "２０２６-０１-０１",
            "0000-01-01",
        ];
        for bad in bad {
            assert_eq!(CivilDate::parse(bad), None, "{bad}");
        }
    }
}
