//! Parameters many routes take.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use thiserror::Error;

use crate::instant;

/// The most items of a page.
const LIMIT_MAX: u8 = 100;

/// How many items a page has at most: 1-100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Limit(u8);

impl Limit {
    /// The limit given, or else the `usual` one.
    #[must_use]
    pub fn or(given: Option<Self>, usual: usize) -> usize {
        given.map_or(usual, |Self(limit)| limit.into())
    }
}

impl TryFrom<String> for Limit {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit));
        limit.map(Self).ok_or("un entier de 1 à 100 est attendu")
    }
}

/// An RFC 3339 instant, in any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Moment(pub DateTime<Utc>);

/// Why a text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidMoment {
    /// It is not one.
    #[error("un instant RFC 3339 est attendu")]
    NoInstant,
    /// A `+` of a query string reads as a blank.
    #[error("le + du décalage horaire doit être encodé : %2B")]
    PlusNotEncoded,
}

impl TryFrom<String> for Moment {
    type Error = InvalidMoment;

    fn try_from(text: String) -> Result<Self, InvalidMoment> {
        let plus_lost =
            || text.rsplit_once(' ').is_some_and(|(at, offset)| instant::parse(&format!("{at}+{offset}")).is_some());
        match instant::parse(&text) {
            Some(instant) => Ok(Self(instant)),
            None if plus_lost() => Err(InvalidMoment::PlusNotEncoded),
            None => Err(InvalidMoment::NoInstant),
        }
    }
}
