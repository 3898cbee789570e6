//! Instants as they are written everywhere: RFC 3339, UTC, milliseconds (`2026-11-02T09:00:00.000Z`).
//!
//! The fixed width makes the text sort like the time, which the store's sort keys rely on.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize as _, Deserializer, Serializer};

/// The instant as text.
#[must_use]
pub fn text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads any RFC 3339 instant, in any offset; `None` when it is not one.
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc))
}

/// `#[serde(with = "crate::instant")]`
pub fn serialize<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*instant))
}

/// `#[serde(with = "crate::instant")]`
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 instant"))
}

/// The same for an optional instant: `#[serde(with = "crate::instant::optional")]`.
pub mod optional {
    use super::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer};

    /// `null` when absent.
    pub fn serialize<S: Serializer>(instant: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
        match instant {
            Some(instant) => serializer.serialize_str(&super::text(*instant)),
            None => serializer.serialize_none(),
        }
    }

    /// Absent or `null` is `None`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 instant")))
            .transpose()
    }
}
