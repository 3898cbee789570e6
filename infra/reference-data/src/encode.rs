//! Writes the compact file. The reader, and the layout, are in `shared/domain/src/reference/territory/file.rs`.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::source::Territory;

/// Identifies the layout and the year of the data.
const MAGIC: &[u8; 8] = b"COG2026\n";

/// Stands for "this commune is in no EPCI".
const NO_EPCI: u16 = u16::MAX;

#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum EncodeError {
    #[error("there are more {0} than the layout can count")]
    TooMany(&'static str),
    #[error("code {0:?} does not have the length expected")]
    Length(String),
    #[error("{what} {code:?} is named but not described")]
    Unknown { what: &'static str, code: String },
    #[error("commune {0:?} is not in the département its code begins with")]
    Departement(String),
    #[error("commune {0:?} is in two EPCI")]
    TwoEpci(String),
}

pub(crate) fn encode(territory: &Territory) -> Result<Vec<u8>, EncodeError> {
    let regions = ranks(territory.regions.iter(), "régions")?;
    let communes = ranks(territory.communes.keys(), "communes")?;
    let members: usize = territory.epci.values().map(|members| members.len()).sum();

    let mut file = MAGIC.to_vec();
    for (count, what) in [
        (regions.len(), "régions"),
        (territory.departements.len(), "départements"),
        (communes.len(), "communes"),
        (territory.former.len(), "former codes"),
        (territory.epci.len(), "EPCI"),
        (members, "members of EPCI"),
    ] {
        file.extend(u16::try_from(count).map_err(|_| EncodeError::TooMany(what))?.to_le_bytes());
    }

    for region in &territory.regions {
        file.extend(code::<3>(region)?);
    }

    check_departements(territory)?;
    for (departement, region) in &territory.departements {
        file.extend(code::<3>(departement)?);
        file.extend(rank(&regions, "région", region)?);
        // Communes are sorted, so those of a département follow one another: the first is enough.
        let before = territory.communes.range::<String, _>(..departement).count();
        file.extend(u16::try_from(before).map_err(|_| EncodeError::TooMany("communes"))?.to_le_bytes());
    }

    for commune in territory.communes.keys() {
        file.extend(code::<5>(commune)?);
    }

    let mut epci_of = BTreeMap::new();
    for (rank, members) in (0_u16..).zip(territory.epci.values()) {
        for member in members {
            if epci_of.insert(member, rank).is_some() {
                return Err(EncodeError::TwoEpci(member.clone()));
            }
        }
    }
    for commune in territory.communes.keys() {
        file.extend(epci_of.get(commune).copied().unwrap_or(NO_EPCI).to_le_bytes());
    }

    for (former, commune) in &territory.former {
        file.extend(code::<5>(former)?);
        file.extend(rank(&communes, "commune", commune)?);
    }

    let mut first_member = 0_u16;
    for (siren, members) in &territory.epci {
        file.extend(code::<9>(siren)?);
        file.extend(first_member.to_le_bytes());
        let count = u16::try_from(members.len()).map_err(|_| EncodeError::TooMany("members of EPCI"))?;
        first_member = first_member.checked_add(count).ok_or(EncodeError::TooMany("members of EPCI"))?;
    }
    for member in territory.epci.values().flatten() {
        file.extend(rank(&communes, "commune", member)?);
    }
    Ok(file)
}

/// The reader finds the département of a commune by its place among the sorted codes: this holds only as long as
/// every code begins with that of its département.
fn check_departements(territory: &Territory) -> Result<(), EncodeError> {
    for (commune, departement) in &territory.communes {
        if !territory.departements.contains_key(departement) {
            return Err(EncodeError::Unknown { what: "département", code: departement.clone() });
        }
        if !commune.starts_with(departement.as_str()) {
            return Err(EncodeError::Departement(commune.clone()));
        }
    }
    Ok(())
}

fn ranks<'a>(
    codes: impl Iterator<Item = &'a String>,
    what: &'static str,
) -> Result<BTreeMap<&'a str, u16>, EncodeError> {
    codes
        .enumerate()
        .map(|(rank, code)| {
            // The last rank stands for "none".
            let rank = u16::try_from(rank).ok().filter(|rank| *rank != u16::MAX).ok_or(EncodeError::TooMany(what))?;
            Ok((code.as_str(), rank))
        })
        .collect()
}

fn rank(ranks: &BTreeMap<&str, u16>, what: &'static str, code: &str) -> Result<[u8; 2], EncodeError> {
    let rank = ranks.get(code).ok_or_else(|| EncodeError::Unknown { what, code: code.to_owned() })?;
    Ok(rank.to_le_bytes())
}

/// The code in `N` bytes, filled up with blanks: codes of régions and départements have two or three characters.
fn code<const N: usize>(code: &str) -> Result<[u8; N], EncodeError> {
    let wrong_length = || EncodeError::Length(code.to_owned());
    if !code.is_ascii() || code.is_empty() || (N != 3 && code.len() != N) {
        return Err(wrong_length());
    }
    let mut bytes = [b' '; N];
    bytes.get_mut(..code.len()).ok_or_else(wrong_length)?.copy_from_slice(code.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Territory {
        Territory {
            regions: ["04", "975"].map(String::from).into(),
            departements: [("974", "04"), ("975", "975")].map(pair).into(),
            communes: [("97411", "974"), ("97412", "974"), ("97502", "975")].map(pair).into(),
            former: [pair(("97499", "97412"))].into(),
            epci: [("249740119".to_owned(), ["97411".to_owned()].into())].into(),
        }
    }

    fn pair((left, right): (&str, &str)) -> (String, String) {
        (left.to_owned(), right.to_owned())
    }

    #[test]
    fn lays_the_sections_one_after_the_other() {
        let file = encode(&small()).unwrap();
        let expected: Vec<&[u8]> = vec![
            b"COG2026\n\x02\0\x02\0\x03\0\x01\0\x01\0\x01\0",
            b"04 975",
            b"974\0\0\0\0975\x01\0\x02\0",
            b"974119741297502",
            b"\0\0\xff\xff\xff\xff",
            b"97499\x01\0",
            b"249740119\0\0",
            b"\0\0",
        ];
        assert_eq!(file, expected.concat());
    }

    #[test]
    fn refuses_data_that_would_be_misread() {
        let check = |spoil: fn(&mut Territory), expected: EncodeError| {
            let mut territory = small();
            spoil(&mut territory);
            assert_eq!(encode(&territory), Err(expected));
        };
        check(|it| drop(it.communes.insert("97413".into(), "975".into())), EncodeError::Departement("97413".into()));
        check(|it| drop(it.communes.insert("9741".into(), "974".into())), EncodeError::Length("9741".into()));
        check(
            |it| drop(it.former.insert("97498".into(), "97401".into())),
            EncodeError::Unknown { what: "commune", code: "97401".into() },
        );
        check(
            |it| drop(it.epci.insert("249740120".into(), ["97411".to_owned()].into())),
            EncodeError::TwoEpci("97411".into()),
        );
        check(
            |it| drop(it.departements.insert("976".into(), "06".into())),
            EncodeError::Unknown { what: "région", code: "06".into() },
        );
    }
}
