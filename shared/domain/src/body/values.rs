//! Values many bodies have.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};
use thiserror::Error;
use uuid::Uuid;

use super::{Fault, Parsed, parse};
use crate::instant;
use crate::uuid_text::parse_hyphenated_uuid;

/// A UUID in its usual form: 36 characters, hyphens included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Id(pub Uuid);

/// The text is no UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("identifiant invalide : un UUID est attendu")]
pub struct InvalidId;

impl Id {
    /// Reads an id; `None` when the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_hyphenated_uuid(text).map(Self)
    }
}

impl TryFrom<String> for Id {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text).ok_or(InvalidId)
    }
}

/// An RFC 3339 instant, in any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Instant(pub DateTime<Utc>);

impl TryFrom<String> for Instant {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        instant::parse(&text).map(Self).ok_or("un instant RFC 3339 est attendu")
    }
}

/// A JSON number; infinite when it was written larger than a double can hold.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, serde::Deserialize)]
#[serde(transparent)]
pub struct Number(pub f64);

/// Any JSON value, as its text: to be read later, on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw(String);

pub(super) const RAW: &str = "domain::body::Raw";

impl Raw {
    /// Reads the value; pointers start with `base`.
    ///
    /// # Errors
    /// The first fault of shape.
    pub fn parse<T: DeserializeOwned>(&self, base: &str) -> Result<Parsed<T>, Fault> {
        parse(self.0.as_bytes(), base)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW, RawVisitor)
    }
}

struct RawVisitor;

impl Visitor<'_> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("une valeur JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw(text.to_owned()))
    }
}
