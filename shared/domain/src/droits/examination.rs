//! The examination of what Portail DF knows of a person: which entry is retained for an establishment, and what fails
//! in it.

use chrono::{DateTime, Utc};

use super::account::Establishment;
use super::perimeter::Perimeter;
use super::portail_df::{Consultation, Entry, PortailGroup, PortailStructure, Unavailable};
use super::suspension::Cause;

/// An entry of the establishment's structure, examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined<'a> {
    /// The structure.
    pub structure: &'a PortailStructure,
    /// The group, if the entry has one.
    pub group: Option<&'a PortailGroup>,
    /// The group's perimeter, if it has one.
    pub perimeter: Option<&'a Perimeter>,
    /// All that fails, in the order of the tree.
    pub failing: Vec<Cause>,
}

/// How far along the tree an entry gets; the further the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reached {
    FailsAt(Cause),
    TheEnd,
}

impl Examined<'_> {
    /// Whether nothing fails for this cause.
    #[must_use]
    pub fn passes(&self, cause: Cause) -> bool {
        !self.failing.contains(&cause)
    }

    fn reached(&self) -> Reached {
        self.failing.first().map_or(Reached::TheEnd, |cause| Reached::FailsAt(*cause))
    }
}

/// The entry retained for `establishment`, looking at the causes of `scope`: the first whose structure has its SIREN and
/// in which nothing of `scope` fails, else the one that got furthest, the first of those that tie. Rights are never
/// added up. `None`: no entry has a structure with this SIREN.
///
/// A date that cannot be read concerns its own entry only: another one in which nothing fails is retained all the same.
///
/// # Errors
/// [`Unavailable`], also when a group or a perimeter of such an entry could not be had.
pub fn retain<'a>(
    consultation: &'a Consultation,
    establishment: &Establishment,
    scope: &[Cause],
    now: DateTime<Utc>,
) -> Result<Option<Examined<'a>>, Unavailable> {
    let mut best: Option<Examined<'_>> = None;
    let mut unreadable = false;
    for entry in consultation.entries()? {
        let Some(structure) = entry.structure.known()? else { continue };
        if structure.siren != establishment.siren {
            continue;
        }
        let (group, perimeter) = (entry.group.known()?, entry.perimeter.known()?);
        let parts = Parts { entry, structure, group, perimeter };
        let Ok(examined) = parts.examine(establishment, scope, now) else {
            unreadable = true;
            continue;
        };
        if best.as_ref().is_none_or(|best| examined.reached() > best.reached()) {
            best = Some(examined);
        }
    }
    let settled = best.as_ref().is_some_and(|examined| examined.failing.is_empty());
    if unreadable && !settled { Err(Unavailable) } else { Ok(best) }
}

/// The SIREN of every structure in which the person has access to LOVAC at `now`.
#[must_use]
pub fn sirens_with_lovac(consultation: &Consultation, now: DateTime<Utc>) -> Vec<&str> {
    let Consultation::Answered(entries) = consultation else { return Vec::new() };
    let mut sirens = Vec::new();
    for entry in entries {
        if let (Ok(Some(structure)), Ok(Some(group))) = (entry.structure.known(), entry.group.known())
            && has_access(structure, now) == Ok(true)
            && has_lovac(group)
            && !sirens.contains(&structure.siren.as_str())
        {
            sirens.push(structure.siren.as_str());
        }
    }
    sirens
}

/// C13, L20.
fn has_access(structure: &PortailStructure, now: DateTime<Utc>) -> Result<bool, Unavailable> {
    Ok(structure.acces_lovac.known()?.is_some_and(|until| *until > now))
}

/// C16, L23.
fn has_lovac(group: &PortailGroup) -> bool {
    group.lovac || group.niveau_acces.as_deref() == Some("lovac")
}

/// An entry of the establishment's structure, all of its calls answered.
struct Parts<'a> {
    entry: &'a Entry,
    structure: &'a PortailStructure,
    group: Option<&'a PortailGroup>,
    perimeter: Option<&'a Perimeter>,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// [`Unavailable`] when a date of `scope` cannot be read.
    fn examine(
        self,
        establishment: &Establishment,
        scope: &[Cause],
        now: DateTime<Utc>,
    ) -> Result<Examined<'a>, Unavailable> {
        let Self { entry, structure, group, perimeter } = self;
        let mut failing = Vec::new();
        for cause in scope {
            let fails = match cause {
                Cause::StructureExpired => !has_access(structure, now)?,
                Cause::AccessLevel => !group.is_some_and(has_lovac),
                Cause::Perimeter => !perimeter.is_some_and(|perimeter| {
                    perimeter.coverage(Some(&establishment.siren)).covers_one_of(&establishment.geo_codes)
                }),
                Cause::UserExpired => entry.date_expiration.known()?.is_some_and(|end| *end <= now),
                Cause::Conditions => !entry.cgu_valide,
            };
            if fails {
                failing.push(*cause);
            }
        }
        Ok(Examined { structure, group, perimeter, failing })
    }
}

#[cfg(test)]
mod tests;
