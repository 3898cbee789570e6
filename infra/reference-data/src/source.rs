//! Reads the JSON files of the npm package `@etalab/decoupage-administratif`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The map of France, keyed and sorted by code.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Territory {
    pub(crate) regions: BTreeSet<String>,
    /// Département to its région.
    pub(crate) departements: BTreeMap<String, String>,
    /// Current communes, with the département the source gives them.
    pub(crate) communes: BTreeMap<String, String>,
    /// Code that is no longer that of a commune, to the current commune that has its territory.
    pub(crate) former: BTreeMap<String, String>,
    /// SIREN to the current communes of the EPCI.
    pub(crate) epci: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Error)]
pub(crate) enum ReadError {
    #[error("cannot read {path}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not the JSON expected")]
    Json { path: PathBuf, source: serde_json::Error },
}

#[derive(Deserialize)]
struct Region {
    code: String,
}

#[derive(Deserialize)]
struct Departement {
    code: String,
    region: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commune {
    code: String,
    r#type: CommuneType,
    departement: String,
    /// The current commune a `commune-deleguee` or `commune-associee` is a part of.
    chef_lieu: Option<String>,
    #[serde(default)]
    anciens_codes: Vec<String>,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum CommuneType {
    CommuneActuelle,
    CommuneDeleguee,
    CommuneAssociee,
    ArrondissementMunicipal,
}

#[derive(Deserialize)]
struct Epci {
    code: String,
    membres: Vec<Membre>,
}

#[derive(Deserialize)]
struct Membre {
    code: String,
}

/// Reads `regions.json`, `departements.json`, `communes.json` and `epci.json` of a folder.
pub(crate) fn read(folder: &Path) -> Result<Territory, ReadError> {
    let communes = json(folder, "communes.json")?;
    Ok(Territory {
        regions: json::<Region>(folder, "regions.json")?.into_iter().map(|region| region.code).collect(),
        departements: json::<Departement>(folder, "departements.json")?
            .into_iter()
            .map(|departement| (departement.code, departement.region))
            .collect(),
        former: former_codes(&communes),
        communes: communes
            .into_iter()
            .filter(|commune| commune.r#type == CommuneType::CommuneActuelle)
            .map(|commune: Commune| (commune.code, commune.departement))
            .collect(),
        epci: json::<Epci>(folder, "epci.json")?
            .into_iter()
            .map(|epci| (epci.code, epci.membres.into_iter().map(|membre| membre.code).collect()))
            .collect(),
    })
}

/// The parts of a commune come last, over the former codes of communes: two communes were attached to one, then to
/// another, and only their entry as a part tells where they are now.
fn former_codes(communes: &[Commune]) -> BTreeMap<String, String> {
    let current: BTreeSet<&str> = communes
        .iter()
        .filter(|commune| commune.r#type == CommuneType::CommuneActuelle)
        .map(|commune| commune.code.as_str())
        .collect();
    let merged = communes
        .iter()
        .filter(|commune| commune.r#type == CommuneType::CommuneActuelle)
        .flat_map(|commune| commune.anciens_codes.iter().map(move |former| (former, &commune.code)));
    let parts = communes
        .iter()
        .filter(|commune| matches!(commune.r#type, CommuneType::CommuneDeleguee | CommuneType::CommuneAssociee))
        .filter_map(|commune| Some((&commune.code, commune.chef_lieu.as_ref()?)));
    merged
        .chain(parts)
        .filter(|(former, _)| !current.contains(former.as_str()))
        .map(|(former, commune)| (former.clone(), commune.clone()))
        .collect()
}

fn json<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>, ReadError> {
    let path = folder.join(name);
    let text = fs::read(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
    serde_json::from_slice(&text).map_err(|source| ReadError::Json { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn former(communes: serde_json::Value) -> Vec<(String, String)> {
        let communes: Vec<Commune> = serde_json::from_value(communes).unwrap();
        former_codes(&communes).into_iter().collect()
    }

    #[test]
    fn merged_communes_and_parts_lead_to_the_current_commune() {
        let communes = serde_json::json!([
            {"code": "74010", "type": "commune-actuelle", "departement": "74", "anciensCodes": ["74011"]},
            {"code": "01262", "type": "commune-actuelle", "departement": "01"},
            {"code": "01120", "type": "commune-associee", "departement": "01", "chefLieu": "01262"},
            {"code": "01262", "type": "commune-deleguee", "departement": "01", "chefLieu": "01262"},
        ]);
        assert_eq!(former(communes), [("01120".into(), "01262".into()), ("74011".into(), "74010".into())]);
    }

    #[test]
    fn a_part_is_where_its_own_entry_says() {
        let communes = serde_json::json!([
            {"code": "55245", "type": "commune-actuelle", "departement": "55", "anciensCodes": ["55273"]},
            {"code": "55273", "type": "commune-associee", "departement": "55", "chefLieu": "55386"},
            {"code": "55386", "type": "commune-actuelle", "departement": "55"},
        ]);
        assert_eq!(former(communes), [("55273".into(), "55386".into())]);
    }

    #[test]
    fn municipal_arrondissements_are_no_former_communes() {
        let communes = serde_json::json!([
            {"code": "75056", "type": "commune-actuelle", "departement": "75"},
            {"code": "75101", "type": "arrondissement-municipal", "departement": "75", "commune": "75056"},
        ]);
        assert_eq!(former(communes), []);
    }
}
