//! What Portail DF says of a person: the facts of one consultation, and what is wrong with each entry.
//!
//! "No such user" and "Portail DF could not be asked" are different types: the latter is never read as "no rights".

use chrono::{DateTime, Utc};

use super::account::Establishment;
use super::perimeter::Perimeter;
use super::suspension::Cause;

/// A structure: an organisation known to Portail DF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Portail DF's id.
    pub id: i64,
    /// The first nine digits of its SIRET.
    pub siren: String,
    /// Its name.
    pub name: String,
    /// Until when it has access to LOVAC; absent counts as past.
    pub acces_lovac: Option<DateTime<Utc>>,
}

/// A group of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Portail DF's id.
    pub id: i64,
    /// The level of access (`lovac`, `dvf`...).
    pub niveau_acces: Option<String>,
    /// Whether it has access to LOVAC whatever its level.
    pub lovac: bool,
}

/// The part of an entry that took a call of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// The entry names none.
    None,
    /// What the call answered.
    Known(T),
    /// The call failed: nothing is known.
    Failed,
}

impl<T> Part<T> {
    /// The same part, what is known of it read further.
    #[must_use]
    pub fn map<U>(self, read: impl FnOnce(T) -> U) -> Part<U> {
        match self {
            Self::None => Part::None,
            Self::Known(value) => Part::Known(read(value)),
            Self::Failed => Part::Failed,
        }
    }
}

/// One entry of the person at Portail DF: a user account within a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When the account ends; absent: never.
    pub date_expiration: Option<DateTime<Utc>>,
    /// Whether the conditions of use were accepted.
    pub cgu_valide: bool,
    /// The structure.
    pub structure: Part<Structure>,
    /// The group.
    pub group: Part<Group>,
    /// The group's perimeter.
    pub perimeter: Part<Perimeter>,
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

/// An entry of the establishment's structure, examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined<'a> {
    /// The structure.
    pub structure: &'a Structure,
    /// The group, if the entry has one.
    pub group: Option<&'a Group>,
    /// The group's perimeter, if it has one.
    pub perimeter: Option<&'a Perimeter>,
    /// All that fails, in the order of the tree.
    pub failing: Vec<Cause>,
}

impl Consultation {
    /// The entries, provided every structure is known: any of those that are not might be the one.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn entries(&self) -> Result<&[Entry], Unavailable> {
        match self {
            Self::Answered(entries) if entries.iter().all(|entry| entry.structure != Part::Failed) => Ok(entries),
            _ => Err(Unavailable),
        }
    }

    /// The entry retained for `establishment`, looking at the causes of `scope`: the first whose structure has its
    /// SIREN and in which nothing of `scope` fails, else the one that got furthest. Rights are never added up.
    ///
    /// # Errors
    /// [`Unavailable`], also when a group or a perimeter of such an entry could not be had.
    pub fn retained(
        &self,
        establishment: &Establishment,
        scope: &[Cause],
        now: DateTime<Utc>,
    ) -> Result<Option<Examined<'_>>, Unavailable> {
        let mut best: Option<(usize, Examined<'_>)> = None;
        for entry in self.entries()? {
            let Part::Known(structure) = &entry.structure else { continue };
            if structure.siren != establishment.siren {
                continue;
            }
            let examined = examine(entry, structure, establishment, scope, now)?;
            let reached = examined.failing.first().map_or(usize::MAX, |cause| *cause as usize);
            if best.as_ref().is_none_or(|(furthest, _)| reached > *furthest) {
                best = Some((reached, examined));
            }
        }
        Ok(best.map(|(_, examined)| examined))
    }

    /// The SIREN of every structure in which the person has access to LOVAC at `now`.
    #[must_use]
    pub fn sirens_with_lovac(&self, now: DateTime<Utc>) -> Vec<&str> {
        let Self::Answered(entries) = self else { return Vec::new() };
        let mut sirens = Vec::new();
        for entry in entries {
            if let (Part::Known(structure), Part::Known(group)) = (&entry.structure, &entry.group)
                && has_access(structure, now)
                && group.has_lovac()
                && !sirens.contains(&structure.siren.as_str())
            {
                sirens.push(structure.siren.as_str());
            }
        }
        sirens
    }
}

impl Group {
    /// Whether the group has access to LOVAC (C16, L23).
    #[must_use]
    pub fn has_lovac(&self) -> bool {
        self.lovac || self.niveau_acces.as_deref() == Some("lovac")
    }
}

fn has_access(structure: &Structure, now: DateTime<Utc>) -> bool {
    structure.acces_lovac.is_some_and(|until| until > now)
}

fn known<T>(part: &Part<T>) -> Result<Option<&T>, Unavailable> {
    match part {
        Part::None => Ok(None),
        Part::Known(value) => Ok(Some(value)),
        Part::Failed => Err(Unavailable),
    }
}

fn examine<'a>(
    entry: &'a Entry,
    structure: &'a Structure,
    establishment: &Establishment,
    scope: &[Cause],
    now: DateTime<Utc>,
) -> Result<Examined<'a>, Unavailable> {
    let (group, perimeter) = (known(&entry.group)?, known(&entry.perimeter)?);
    let fails = |cause: &&Cause| match cause {
        Cause::StructureExpired => !has_access(structure, now),
        Cause::AccessLevel => !group.is_some_and(Group::has_lovac),
        Cause::Perimeter => !perimeter.is_some_and(|perimeter| {
            perimeter.coverage(Some(&establishment.siren)).covers_one_of(&establishment.geo_codes)
        }),
        Cause::UserExpired => entry.date_expiration.is_some_and(|end| end <= now),
        Cause::Conditions => !entry.cgu_valide,
    };
    let failing = scope.iter().filter(fails).copied().collect();
    Ok(Examined { structure, group, perimeter, failing })
}
