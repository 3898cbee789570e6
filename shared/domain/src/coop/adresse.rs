//! Addresses as the Dataspace gives them.

use serde_json::Value;

use super::codes::{self, NoCode};
use super::payload::text;

/// An address; every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adresse {
    /// House number; 0 is none.
    pub numero_voie: Option<String>,
    /// `bis`, `ter`...
    pub repetition: Option<String>,
    /// Street.
    pub nom_voie: Option<String>,
    /// Postal code.
    pub code_postal: Option<String>,
    /// INSEE code of the commune as it is today.
    pub code_insee: Option<String>,
    /// Name of the commune.
    pub commune: Option<String>,
}

/// An address complete enough for a structure to be created with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complete {
    /// Number, repetition and street.
    pub adresse: String,
    /// Postal code.
    pub code_postal: String,
    /// INSEE code of the commune.
    pub code_insee: String,
    /// Name of the commune.
    pub commune: String,
}

impl Adresse {
    /// Reads an address; what is no object is an address without parts.
    ///
    /// # Errors
    /// [`NoCode`] when one of the codes can be none.
    pub fn read(value: &Value) -> Result<Self, NoCode> {
        Ok(Self {
            numero_voie: number(&value["numero_voie"]),
            repetition: text(&value["repetition"]),
            nom_voie: text(&value["nom_voie"]),
            code_postal: codes::read_code_postal(&value["code_postal"])?,
            code_insee: codes::read_code_insee(&value["code_insee"])?,
            commune: text(&value["nom_commune"]),
        })
    }

    /// Number, repetition and street in one line; empty when nothing is there.
    #[must_use]
    pub fn line(&self) -> String {
        let parts = [&self.numero_voie, &self.repetition, &self.nom_voie];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The address, if street, postal code, INSEE code and commune are all there.
    #[must_use]
    pub fn complete(&self) -> Option<Complete> {
        self.nom_voie.as_ref()?;
        Some(Complete {
            adresse: self.line(),
            code_postal: self.code_postal.clone()?,
            code_insee: self.code_insee.clone()?,
            commune: self.commune.clone()?,
        })
    }
}

/// A house number, given as a number or a text; 0 is none.
fn number(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        other => text(other)?,
    };
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    (whole != "0").then(|| whole.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_made_of_the_parts_that_are_there() {
        let line = |value: Value| Adresse::read(&value).unwrap().line();
        assert_eq!(line(json!({"numero_voie": 45, "repetition": "bis", "nom_voie": "Rue X"})), "45 bis Rue X");
        assert_eq!(line(json!({"numero_voie": 21, "repetition": "null", "nom_voie": "null"})), "21");
        assert_eq!(line(json!({"numero_voie": 0, "repetition": null, "nom_voie": " Bourg  "})), "Bourg");
        assert_eq!(line(json!({"numero_voie": " 7 ", "nom_voie": "Rue X"})), "7 Rue X");
        assert_eq!(line(json!({"numero_voie": 3.0})), "3");
        assert_eq!(line(json!(null)), "");
    }

    #[test]
    fn an_address_without_one_of_four_parts_is_incomplete() {
        let whole =
            json!({"nom_voie": "Bourg", "code_postal": "35000", "code_insee": "35238", "nom_commune": "Rennes"});
        assert_eq!(Adresse::read(&whole).unwrap().complete().unwrap().adresse, "Bourg");
        for part in ["nom_voie", "code_postal", "code_insee", "nom_commune"] {
            let mut lacking = whole.clone();
            lacking[part] = json!(" ");
            assert_eq!(Adresse::read(&lacking).unwrap().complete(), None, "{part}");
        }
    }
}
