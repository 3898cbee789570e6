//! Communes, EPCI, départements and régions of France: the Code officiel géographique of 1 January 2026 (INSEE) and
//! the EPCI with own taxation (DGCL).
//!
//! [`Commune`], [`Epci`], [`Departement`] and [`Region`] are two bytes each and exist only for what exists: whoever
//! holds one need not check it again. Look-ups are binary searches in the embedded file; nothing is loaded or
//! allocated, so a cold start pays nothing.
//!
//! The source gives each overseas collectivity (975 to 989) as a département and as a région of its own.

mod file;

use std::fmt;

use serde::Deserialize;

use file::Section;

/// A current commune.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Commune(u16);

/// A group of communes with own taxation (communauté de communes, métropole...).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Epci(u16);

/// A département or an overseas collectivity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Departement(u16);

/// A région or an overseas collectivity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Region(u16);

/// The commune of this INSEE code. The code of a commune that was merged into another, or moved to another
/// département, leads to the commune of today. Municipal arrondissements (Paris, Lyon, Marseille) are no communes.
#[must_use]
pub fn commune(code: &str) -> Option<Commune> {
    match file::COMMUNES.find(code) {
        Some(rank) => Some(Commune(rank)),
        None => Some(Commune(file::FORMER.number(file::FORMER.find(code)?, file::CODE))),
    }
}

/// A commune as a filter names it: by its code, or by that of one of its municipal arrondissements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CommuneOrArrondissement(pub Commune);

impl TryFrom<String> for CommuneOrArrondissement {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        let found = commune(&code).or_else(|| commune(city_of_arrondissement(&code)?));
        found.map(Self).ok_or("aucune commune n'a ce code INSEE")
    }
}

/// The city a municipal arrondissement is of: Paris, Lyon or Marseille.
#[must_use]
pub fn city_of_arrondissement(code: &str) -> Option<&'static str> {
    let rank: u32 = code.parse().ok().filter(|_| code.len() == 5)?;
    match rank {
        75_101..=75_120 => Some("75056"),
        69_381..=69_389 => Some("69123"),
        13_201..=13_216 => Some("13055"),
        _ => None,
    }
}

/// The EPCI of this SIREN.
#[must_use]
pub fn epci(siren: &str) -> Option<Epci> {
    file::EPCI.find(siren).map(Epci)
}

/// The département of this code: two characters, three overseas.
#[must_use]
pub fn departement(code: &str) -> Option<Departement> {
    file::DEPARTEMENTS.find(code).map(Departement)
}

/// The région of this code: two characters, three for overseas collectivities.
#[must_use]
pub fn region(code: &str) -> Option<Region> {
    file::REGIONS.find(code).map(Region)
}

/// All current communes, by code.
pub fn communes() -> impl ExactSizeIterator<Item = Commune> {
    ranks(&file::COMMUNES).map(Commune)
}

/// The codes that are no longer current, each with the commune it leads to.
pub fn former_codes() -> impl ExactSizeIterator<Item = (&'static str, Commune)> {
    ranks(&file::FORMER).map(|rank| (file::FORMER.code(rank), Commune(file::FORMER.number(rank, file::CODE))))
}

/// All EPCI, by SIREN.
pub fn all_epci() -> impl ExactSizeIterator<Item = Epci> {
    ranks(&file::EPCI).map(Epci)
}

/// All départements, by code.
pub fn departements() -> impl ExactSizeIterator<Item = Departement> {
    ranks(&file::DEPARTEMENTS).map(Departement)
}

/// All régions, by code.
pub fn regions() -> impl ExactSizeIterator<Item = Region> {
    ranks(&file::REGIONS).map(Region)
}

impl Commune {
    /// The INSEE code, five characters.
    #[must_use]
    pub fn code(self) -> &'static str {
        file::COMMUNES.code(self.0)
    }

    /// The département the commune is in.
    #[must_use]
    pub fn departement(self) -> Departement {
        let after = file::DEPARTEMENTS.partition_point(|rank| first_commune(rank) <= self.0);
        Departement(after.saturating_sub(1))
    }

    /// The région the commune is in.
    #[must_use]
    pub fn region(self) -> Region {
        self.departement().region()
    }

    /// The EPCI the commune belongs to. A few islands belong to none, nor do the overseas collectivities.
    #[must_use]
    pub fn epci(self) -> Option<Epci> {
        let rank = file::EPCI_OF_COMMUNE.number(self.0, 0);
        (rank != file::NO_EPCI).then_some(Epci(rank))
    }
}

impl Epci {
    /// The SIREN, nine digits.
    #[must_use]
    pub fn code(self) -> &'static str {
        file::EPCI.code(self.0)
    }

    /// The communes that belong to it, by code: at least one.
    pub fn communes(self) -> impl Iterator<Item = Commune> {
        let next = self.0 + 1;
        let end = if next < file::EPCI.count() { first_member(next) } else { file::MEMBERS.count() };
        (first_member(self.0)..end).map(|rank| Commune(file::MEMBERS.number(rank, 0)))
    }

    /// The départements its communes are in, by code: one EPCI in fourteen is cut by a boundary.
    pub fn departements(self) -> impl Iterator<Item = Departement> {
        let mut last = None;
        // Communes are sorted by code, so those of a département follow one another.
        self.communes()
            .map(Commune::departement)
            .filter(move |departement| last.replace(*departement) != Some(*departement))
    }
}

impl Departement {
    /// The code: two characters, three overseas.
    #[must_use]
    pub fn code(self) -> &'static str {
        file::DEPARTEMENTS.code(self.0)
    }

    /// Its place among all, below 128: for sets that are one number.
    #[must_use]
    pub fn rank(self) -> u32 {
        self.0.into()
    }

    /// The région the département is in.
    #[must_use]
    pub fn region(self) -> Region {
        Region(file::DEPARTEMENTS.number(self.0, file::REGION))
    }

    /// Its communes, by code.
    pub fn communes(self) -> impl Iterator<Item = Commune> {
        let next = self.0 + 1;
        let end = if next < file::DEPARTEMENTS.count() { first_commune(next) } else { file::COMMUNES.count() };
        (first_commune(self.0)..end).map(Commune)
    }
}

impl Region {
    /// The code: two characters, three for overseas collectivities.
    #[must_use]
    pub fn code(self) -> &'static str {
        file::REGIONS.code(self.0)
    }

    /// Its départements, by code.
    pub fn departements(self) -> impl Iterator<Item = Departement> {
        departements().filter(move |departement| departement.region() == self)
    }

    /// Its communes, by code.
    pub fn communes(self) -> impl Iterator<Item = Commune> {
        self.departements().flat_map(Departement::communes)
    }
}

fn ranks(section: &Section) -> impl ExactSizeIterator<Item = u16> + use<> {
    0..section.count()
}

fn first_commune(departement: u16) -> u16 {
    file::DEPARTEMENTS.number(departement, file::FIRST_COMMUNE)
}

fn first_member(epci: u16) -> u16 {
    file::EPCI.number(epci, file::SIREN)
}

macro_rules! named_by_code {
    ($($entity:ident),+) => {$(
        impl fmt::Display for $entity {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl fmt::Debug for $entity {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($entity), "({})"), self.code())
            }
        }
    )+};
}

named_by_code!(Commune, Epci, Departement, Region);

macro_rules! read_by_code {
    ($($entity:ident: $look_up:ident, $unknown:literal;)+) => {$(
        impl TryFrom<String> for $entity {
            type Error = &'static str;

            fn try_from(code: String) -> Result<Self, Self::Error> {
                $look_up(&code).ok_or($unknown)
            }
        }
    )+};
}

read_by_code! {
    Commune: commune, "aucune commune n'a ce code INSEE";
    Epci: epci, "aucun EPCI n'a ce SIREN";
    Departement: departement, "aucun département n'a ce code";
    Region: region, "aucune région n'a ce code";
}

#[cfg(test)]
mod tests;
