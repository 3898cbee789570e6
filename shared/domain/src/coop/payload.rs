//! What the Dataspace says of a person, read without trusting it: what breaks the contract is an error, what cannot be
//! read in it is put aside and told, and everything else goes on.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::adresse::Adresse;
use super::codes;
use super::contrat::Contrat;
use super::texte::present;

/// Where the employers stand in a payload.
const STRUCTURES: &str = "/structures_employeuses";
/// Where the places of activity stand in a payload.
const LIEUX: &str = "/lieux_activite";

/// What the Dataspace says of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// Id of the person in the Dataspace.
    pub id: i64,
    /// Id of the person in the Dataspace's own database.
    pub pg_id: Option<i64>,
    /// Whether the person coordinates.
    pub is_coordinateur: bool,
    /// Whether the person is a conseiller numérique.
    pub is_conseiller_numerique: bool,
    /// The employers that could be read, in their order.
    pub structures: Vec<Structure>,
    /// Whether an employer was named at all, readable or not.
    pub names_structures: bool,
    /// The places of activity that could be read, in their order.
    pub lieux: Vec<Structure>,
    /// Whether a place of activity was named at all, readable or not.
    pub names_lieux: bool,
    /// What could not be read, in the order of the document.
    pub quarantined: Vec<Quarantined>,
}

/// An employer, or a place of activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// Name, never empty.
    pub nom: String,
    /// SIRET, without blanks and dots.
    pub siret: Option<String>,
    /// Its id in La Coop, where the Dataspace knows it.
    pub coop_id: Option<Uuid>,
    /// Whom to ask.
    pub contact: Contact,
    /// Where it is.
    pub adresse: Adresse,
    /// The contracts that could be read.
    pub contrats: Vec<Contrat>,
}

/// Whom to ask in a structure; every part may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// First name.
    pub prenom: Option<String>,
    /// Name.
    pub nom: Option<String>,
    /// E-mail of who runs it.
    pub mail_gestionnaire: Option<String>,
    /// Professional e-mail.
    pub mail_pro: Option<String>,
    /// Telephone.
    pub telephone: Option<String>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quarantined {
    /// JSON pointer into the payload.
    pub path: String,
    /// Why, in French, without repeating the value.
    pub reason: &'static str,
}

/// The payload breaks the contract: nothing may be concluded from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload breaks the contract at {0}")]
pub struct ContractBroken(pub &'static str);

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    /// When it is no object, one of `id`, `is_coordinateur`, `is_conseiller_numerique` is not there or of another
    /// type, or one of the lists is no list.
    pub fn read(value: &Value) -> Result<Self, ContractBroken> {
        if !value.is_object() {
            return Err(ContractBroken("/"));
        }
        let (employers, places) = (list(value, STRUCTURES)?, list(value, LIEUX)?);
        let mut payload = Self {
            id: value["id"].as_i64().ok_or(ContractBroken("/id"))?,
            pg_id: value["pg_id"].as_i64(),
            is_coordinateur: value["is_coordinateur"].as_bool().ok_or(ContractBroken("/is_coordinateur"))?,
            is_conseiller_numerique: value["is_conseiller_numerique"]
                .as_bool()
                .ok_or(ContractBroken("/is_conseiller_numerique"))?,
            names_structures: employers.iter().any(|entry| !entry.is_null()),
            names_lieux: places.iter().any(|entry| !entry.is_null()),
            ..Self::default()
        };
        payload.structures = structures(employers, STRUCTURES, &mut payload.quarantined);
        payload.lieux = structures(places, LIEUX, &mut payload.quarantined);
        Ok(payload)
    }

    /// Whether something of the employers could not be read: then what is missing may be there all the same.
    #[must_use]
    pub fn structures_quarantined(&self) -> bool {
        self.quarantined.iter().any(|entry| entry.path.starts_with(STRUCTURES))
    }

    /// Whether a place of activity could not be read.
    #[must_use]
    pub fn lieux_quarantined(&self) -> bool {
        self.quarantined.iter().any(|entry| entry.path.starts_with(LIEUX))
    }
}

/// A text that says something: trimmed, neither empty nor the word `null`. What is no text is absent.
pub(crate) fn text(value: &Value) -> Option<String> {
    present(value.as_str()).map(str::to_owned)
}

fn list<'a>(value: &'a Value, pointer: &'static str) -> Result<&'a [Value], ContractBroken> {
    match &value[&pointer[1..]] {
        Value::Null => Ok(&[]),
        Value::Array(entries) => Ok(entries),
        _ => Err(ContractBroken(pointer)),
    }
}

/// The readable ones of `entries`; the others go to `quarantined`, null ones are dropped.
fn structures(entries: &[Value], base: &str, quarantined: &mut Vec<Quarantined>) -> Vec<Structure> {
    let mut readable = Vec::new();
    for (i, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_null()) {
        let path = format!("{base}/{i}");
        match Structure::read(entry, &path, quarantined) {
            Ok(structure) => readable.push(structure),
            Err(reason) => quarantined.push(Quarantined { path, reason }),
        }
    }
    readable
}

impl Structure {
    /// Reads a structure; contracts that cannot be read go to `quarantined`.
    fn read(value: &Value, path: &str, quarantined: &mut Vec<Quarantined>) -> Result<Self, &'static str> {
        if !value.is_object() {
            return Err("la structure n'est pas un objet");
        }
        let nom = text(&value["nom"]).ok_or("la structure n'a pas de nom")?;
        if !(value["adresse"].is_object() || value["adresse"].is_null()) {
            return Err("l'adresse n'est pas un objet");
        }
        let contrats = match &value["contrats"] {
            Value::Null => &[][..],
            Value::Array(contrats) => contrats,
            _ => return Err("les contrats ne sont pas une liste"),
        };
        // Nobody is employed by a place of activity: what contracts it has mean nothing.
        let contrats = if path.starts_with(STRUCTURES) { contrats } else { &[] };
        let mut readable = Vec::new();
        for (i, contrat) in contrats.iter().enumerate().filter(|(_, contrat)| !contrat.is_null()) {
            match Contrat::read(contrat) {
                Ok(contrat) => readable.push(contrat),
                Err(reason) => quarantined.push(Quarantined { path: format!("{path}/contrats/{i}"), reason }),
            }
        }
        let (contact, mails) = (&value["contact"], &value["contact"]["courriels"]);
        Ok(Self {
            nom,
            siret: codes::read_siret(&value["siret"]).map_err(|_| "le siret n'est pas un code")?,
            coop_id: text(&value["ids"]["coop"]).and_then(|id| Uuid::try_parse(&id).ok()),
            contact: Contact {
                prenom: text(&contact["prenom"]),
                nom: text(&contact["nom"]),
                mail_gestionnaire: text(&mails["mail_gestionnaire"]),
                mail_pro: text(&mails["mail_pro"]),
                telephone: text(&contact["telephone"]),
            },
            adresse: Adresse::read(&value["adresse"]).map_err(|_| "un code de l'adresse n'en est pas un")?,
            contrats: readable,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(structures: Value, lieux: Value) -> Result<Payload, ContractBroken> {
        Payload::read(&json!({
            "id": 7, "is_coordinateur": false, "is_conseiller_numerique": true, "future": [1],
            "structures_employeuses": structures, "lieux_activite": lieux,
        }))
    }

    #[test]
    fn a_broken_contract_is_an_error() {
        let whole = json!({"id": 7, "is_coordinateur": false, "is_conseiller_numerique": true});
        assert!(Payload::read(&whole).is_ok());
        for member in ["id", "is_coordinateur", "is_conseiller_numerique"] {
            for wrong in [json!(null), json!("true"), json!({})] {
                let mut broken = whole.clone();
                broken[member] = wrong;
                assert!(Payload::read(&broken).is_err(), "{broken}");
            }
        }
        for wrong in [json!({}), json!("x"), json!(false)] {
            assert!(read(wrong.clone(), json!(null)).is_err());
            assert!(read(json!([]), wrong).is_err());
        }
        assert!(Payload::read(&json!(3)).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_told_in_document_order_and_the_rest_goes_on() {
        let structure = |contrats: Value| json!({"nom": "Mairie", "adresse": {}, "contrats": contrats});
        let payload = read(
            json!([
                null,
                structure(json!([null, {"date_debut": "2024-01-01"}, "CDD", {"date_fin": "hier"}])),
                "illisible",
                {"nom": "null", "adresse": {}},
                {"nom": "A", "adresse": "rue"},
                {"nom": "B", "contrats": {}},
                {"nom": "C"},
            ]),
            json!([3, null]),
        )
        .unwrap();
        let names: Vec<&str> = payload.structures.iter().map(|structure| structure.nom.as_str()).collect();
        assert_eq!(names, ["Mairie", "C"]);
        assert_eq!(payload.structures[0].contrats.len(), 1);
        let paths: Vec<&str> = payload.quarantined.iter().map(|entry| entry.path.as_str()).collect();
        let expected = ["1/contrats/2", "1/contrats/3", "2", "3", "4", "5"].map(|path| format!("{STRUCTURES}/{path}"));
        assert_eq!(paths[..6], expected);
        assert_eq!(paths[6..], ["/lieux_activite/0"]);
        assert!(payload.structures_quarantined() && payload.lieux_quarantined());
    }

    #[test]
    fn contracts_of_a_place_of_activity_mean_nothing() {
        let lieux = json!([{"nom": "Médiathèque", "contrats": ["CDD"]}, {"nom": "Mairie", "contrats": "CDD"}]);
        let payload = read(json!(null), lieux).unwrap();
        assert_eq!((payload.lieux.len(), payload.quarantined.len()), (1, 1));
        assert_eq!(payload.quarantined[0].path, "/lieux_activite/1");
    }

    #[test]
    fn nothing_but_null_entries_names_nothing() {
        let payload = read(json!([null, null]), json!([null])).unwrap();
        assert!(!payload.names_structures && !payload.names_lieux && payload.quarantined.is_empty());
        assert!(read(json!(["x"]), json!(null)).unwrap().names_structures);
    }

    #[test]
    fn codes_sent_as_numbers_are_read_and_what_can_be_no_code_is_quarantined() {
        let structure = |siret: Value, code: Value| {
            let adresse =
                json!({"nom_voie": "Bourg", "code_postal": code, "code_insee": code, "nom_commune": "Ambérieu"});
            json!({"nom": "A", "siret": siret, "adresse": adresse, "contrats": [{"date_debut": "2024-01-01"}]})
        };
        let payload = read(json!([structure(json!(5_580_000_000_017_u64), json!(1004))]), json!(null)).unwrap();
        let read_one = &payload.structures[0];
        assert_eq!(read_one.siret.as_deref(), Some("05580000000017"));
        assert_eq!(read_one.adresse.complete().unwrap().code_insee, "01004");
        for (siret, code) in [(json!({"v": 1}), json!(1004)), (json!(null), json!([1])), (json!(null), json!(true))] {
            let payload = read(json!([structure(siret, code)]), json!(null)).unwrap();
            assert!(payload.structures.is_empty() && payload.structures_quarantined());
            assert_eq!(payload.quarantined[0].path, "/structures_employeuses/0");
        }
    }

    #[test]
    fn texts_that_say_nothing_are_absent() {
        let entry = json!({
            "nom": " Mairie ", "siret": "null", "ids": {"coop": "inconnu"},
            "contact": {"prenom": " ", "nom": "Dupont", "courriels": null, "telephone": 299},
        });
        let payload = read(json!([entry]), json!(null)).unwrap();
        let [structure] = payload.structures.as_slice() else { panic!("one structure") };
        assert_eq!(structure.nom, "Mairie");
        assert_eq!((&structure.siret, structure.coop_id), (&None, None));
        assert_eq!(structure.contact, Contact { nom: Some("Dupont".into()), ..Contact::default() });
    }
}
