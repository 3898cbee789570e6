//! What Portail DF says of a person: the facts of one consultation.
//!
//! "No such user" and "Portail DF could not be asked" are different types: the latter is never read as "no rights".

use chrono::{DateTime, Utc};

use super::perimeter::Perimeter;

/// A structure: an organisation known to Portail DF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortailStructure {
    /// Portail DF's id.
    pub id: i64,
    /// The first nine digits of its SIRET.
    pub siren: String,
    /// Its name.
    pub name: String,
    /// Until when it has access to LOVAC; absent counts as past. Failed: the date cannot be read.
    pub acces_lovac: Fetched<DateTime<Utc>>,
}

/// A group of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortailGroup {
    /// Portail DF's id.
    pub id: i64,
    /// The level of access (`lovac`, `dvf`...).
    pub niveau_acces: Option<String>,
    /// Whether it has access to LOVAC whatever its level.
    pub lovac: bool,
}

/// A part of an entry: one that took a call of its own, or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched<T> {
    /// The entry names none, or one that does not exist.
    None,
    /// What was answered.
    Known(T),
    /// The call failed, or its answer cannot be read: nothing is known.
    Failed,
}

impl<T> Fetched<T> {
    /// The same part, what is known of it read further.
    #[must_use]
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Fetched<U> {
        match self {
            Self::None => Fetched::None,
            Self::Known(value) => Fetched::Known(read(value)),
            Self::Failed => Fetched::Failed,
        }
    }

    /// What is known of it, if there is one.
    ///
    /// # Errors
    /// [`Unavailable`] when the call failed.
    pub const fn known(&self) -> Result<Option<&T>, Unavailable> {
        match self {
            Self::None => Ok(None),
            Self::Known(value) => Ok(Some(value)),
            Self::Failed => Err(Unavailable),
        }
    }
}

/// One entry of the person at Portail DF: a user account within a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When the account ends; absent: never. Failed: the date cannot be read.
    pub date_expiration: Fetched<DateTime<Utc>>,
    /// Whether the conditions of use were accepted.
    pub cgu_valide: bool,
    /// The structure.
    pub structure: Fetched<PortailStructure>,
    /// The group.
    pub group: Fetched<PortailGroup>,
    /// The group's perimeter.
    pub perimeter: Fetched<Perimeter>,
}

/// What asking Portail DF about a person came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consultation {
    /// It could not be asked.
    Unavailable,
    /// It answered; no entry at all means that it does not know the person.
    Answered(Vec<Entry>),
}

/// Portail DF could not be asked, or not completely enough to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

impl Consultation {
    /// The entries, provided every structure is known: any of those that are not might be the one.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn entries(&self) -> Result<&[Entry], Unavailable> {
        match self {
            Self::Answered(entries) if entries.iter().all(|entry| entry.structure.known().is_ok()) => Ok(entries),
            _ => Err(Unavailable),
        }
    }
}
