//! Perimeters granted by Portail DF, and the communes they cover.
//!
//! Source: docs/spec/droits.md#perimeter-and-effective-geo-codes

use std::fmt;

use serde::{Deserialize, Serialize};

use self::codes::{commune_code, departement_codes, region_code};
use crate::reference::arrondissement::arrondissements_of;
use crate::reference::territory::{self, Commune, Departement};

mod codes;

/// A code of the form INSEE gives communes: five characters. Whether such a commune exists is not asked: an establishment
/// may still name one that was merged away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GeoCode([u8; 5]);

impl GeoCode {
    /// Reads a code; `None` when it has not the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 5] = text.as_bytes().try_into().ok()?;
        let digits = [0, 2, 3, 4].into_iter().all(|place: usize| bytes[place].is_ascii_digit());
        (digits && (bytes[1].is_ascii_digit() || matches!(bytes[1], b'A' | b'B'))).then_some(Self(bytes))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made of ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What tells the département: two codes with the same three first characters share it.
    const fn prefix(self) -> [u8; 3] {
        [self.0[0], self.0[1], self.0[2]]
    }
}

impl fmt::Display for GeoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for GeoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for GeoCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("un code INSEE de commune est attendu")
    }
}

impl From<GeoCode> for String {
    fn from(code: GeoCode) -> Self {
        code.as_str().to_owned()
    }
}

/// The département of an INSEE code: `2A` and `2B` in Corsica, three characters overseas, else two. `None` for what is
/// not of the INSEE form, or in no existing département.
#[must_use]
pub fn departement_of(commune: &str) -> Option<Departement> {
    GeoCode::parse(commune)?;
    let overseas = commune.starts_with("97") || commune.starts_with("98");
    territory::departement(&commune[..if overseas { 3 } else { 2 }])
}

/// A perimeter, as Portail DF grants it and as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Perimeter {
    /// The whole of France.
    #[serde(default)]
    pub fr_entiere: bool,
    /// INSEE codes of communes.
    #[serde(default)]
    pub geo_codes: Vec<String>,
    /// Codes of départements.
    #[serde(default)]
    pub departments: Vec<String>,
    /// Codes of régions; they overlap with those of départements, and the two lists are never mixed.
    #[serde(default)]
    pub regions: Vec<String>,
    /// SIREN of EPCI; they count only when the three other lists are empty.
    #[serde(default)]
    pub epci: Vec<String>,
}

/// A perimeter made ready to be asked about many communes: some tens of nanoseconds each, nothing allocated.
#[derive(Clone, Debug)]
pub struct Coverage {
    everything: bool,
    /// One bit a département, by rank.
    departements: u128,
    /// Sorted.
    communes: Vec<GeoCode>,
}

impl Perimeter {
    /// Makes the perimeter ready, for an establishment of this SIREN.
    #[must_use]
    pub fn coverage(&self, siren: Option<&str>) -> Coverage {
        let mut coverage = Coverage { everything: self.fr_entiere, departements: 0, communes: Vec::new() };
        if coverage.everything {
            return coverage;
        }
        let listed = self.departments.iter().flat_map(|text| departement_codes(text));
        let listed = listed.filter_map(|code| territory::departement(&code));
        let regions = self.regions.iter().filter_map(|text| territory::region(&region_code(text)));
        let of_regions = regions.flat_map(territory::Region::departements);
        for departement in listed.chain(of_regions) {
            coverage.departements |= 1 << departement.rank();
        }
        if !self.geo_codes.is_empty() {
            self.add_communes(&mut coverage);
        }
        if self.geo_codes.is_empty() && self.departments.is_empty() && self.regions.is_empty() {
            self.add_epci(&mut coverage, siren);
        }
        coverage.communes.sort_unstable();
        coverage
    }

    fn add_epci(&self, coverage: &mut Coverage, siren: Option<&str>) {
        coverage.everything = siren.is_some_and(|siren| self.epci.iter().any(|epci| epci.trim() == siren));
        let known: Vec<territory::Epci> = self.epci.iter().filter_map(|siren| territory::epci(siren.trim())).collect();
        if coverage.everything || known.is_empty() {
            return;
        }
        let members: Vec<Commune> = known.iter().flat_map(|epci| epci.communes()).collect();
        coverage.add_whole_communes(&members);
    }

    /// The communes listed one by one. An arrondissement is covered by itself or by its city, and covers nothing else.
    fn add_communes(&self, coverage: &mut Coverage) {
        let codes: Vec<String> = self.geo_codes.iter().map(|text| commune_code(text)).collect();
        coverage.communes.extend(codes.iter().filter_map(|code| GeoCode::parse(code)));
        let communes: Vec<Commune> = codes.iter().filter_map(|code| territory::commune(code)).collect();
        coverage.add_whole_communes(&communes);
    }
}

impl Coverage {
    /// Adds communes by every code they may go by: an establishment may still name one by the code it had before a
    /// merger, or by its arrondissements.
    fn add_whole_communes(&mut self, communes: &[Commune]) {
        let mut communes = communes.to_vec();
        communes.sort_unstable();
        let former = territory::former_codes().filter(|(_, today)| communes.binary_search(today).is_ok());
        self.communes.extend(former.filter_map(|(code, _)| GeoCode::parse(code)));
        for code in communes.iter().map(|commune| commune.code()) {
            self.communes.extend(GeoCode::parse(code));
            self.communes.extend(arrondissements_of(code).filter_map(|part| GeoCode::parse(&part)));
        }
    }

    /// Whether a commune is covered.
    #[must_use]
    pub fn covers(&self, commune: GeoCode) -> bool {
        self.everything || self.departement_covered(commune) || self.communes.binary_search(&commune).is_ok()
    }

    /// The communes covered, in the order given.
    #[must_use]
    pub fn within(&self, communes: &[GeoCode]) -> Vec<GeoCode> {
        if self.everything {
            return communes.to_vec();
        }
        let mut covered = Vec::with_capacity(communes.len());
        // The communes of an establishment mostly share a département: it is looked up when it changes.
        let mut last: Option<([u8; 3], bool)> = None;
        for &commune in communes {
            let by_departement = match last {
                Some((prefix, known)) if prefix == commune.prefix() => known,
                _ => self.departements != 0 && self.departement_covered(commune),
            };
            last = Some((commune.prefix(), by_departement));
            if by_departement || self.communes.binary_search(&commune).is_ok() {
                covered.push(commune);
            }
        }
        covered
    }

    /// Whether at least one of them is covered.
    #[must_use]
    pub fn covers_one_of(&self, communes: &[GeoCode]) -> bool {
        communes.iter().any(|&commune| self.covers(commune))
    }

    fn departement_covered(&self, commune: GeoCode) -> bool {
        self.departements != 0
            && departement_of(commune.as_str())
                .is_some_and(|departement| self.departements & (1 << departement.rank()) != 0)
    }
}

/// Whether the commune of this code is covered; a text that is no code is covered by the whole of France only.
#[must_use]
pub fn commune_covered(commune: &str, perimeter: &Perimeter, siren: Option<&str>) -> bool {
    let coverage = perimeter.coverage(siren);
    GeoCode::parse(commune).map_or(coverage.everything, |commune| coverage.covers(commune))
}

#[cfg(test)]
mod tests;
