//! What a service sends of a project, its shape checked (400), its values not yet judged
//! ([`super::content`], 422).

use serde_json::Value;

use crate::shape::{Fault, Field, Shape};

/// A territory as sent, its code not yet looked up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectiviteDraft {
    /// `Commune` or `EPCI`.
    pub kind: Field<String>,
    /// INSEE code or SIREN.
    pub code: Field<String>,
}

/// The porteur référent as sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PorteurDraft {
    /// SIRET of the organisation.
    pub siret: Field<String>,
    /// E-mail of the person.
    pub referent_email: Field<String>,
    /// Telephone of the person.
    pub referent_telephone: Field<String>,
    /// First name of the person.
    pub referent_prenom: Field<String>,
    /// Last name of the person.
    pub referent_nom: Field<String>,
    /// Function of the person.
    pub referent_fonction: Field<String>,
}

/// A project as sent, by POST (whole) or by PATCH (a merge patch).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectDraft {
    /// The caller's own id; POST only.
    pub external_id: Field<String>,
    /// Name.
    pub nom: Field<String>,
    /// Description.
    pub description: Field<String>,
    /// Native label or generic code.
    pub statut: Field<String>,
    /// Territories.
    pub collectivites: Field<Vec<CollectiviteDraft>>,
    /// Porteur référent.
    pub porteur: Field<PorteurDraft>,
    /// Budget in euros.
    pub budget_previsionnel: Field<f64>,
    /// Planned start, `YYYY-MM-DD`.
    pub date_debut_previsionnelle: Field<String>,
}

const CREATABLE: [&str; 8] = [
    "externalId",
    "nom",
    "description",
    "statut",
    "collectivites",
    "porteur",
    "budgetPrevisionnel",
    "dateDebutPrevisionnelle",
];

impl ProjectDraft {
    /// Reads the body of a creation (or one item of a bulk, then `base` is its pointer).
    ///
    /// # Errors
    /// The first fault of shape.
    pub fn creation(body: &Value, base: &str) -> Result<Self, Fault> {
        Self::read(&Shape::object(body, base, &CREATABLE)?)
    }

    /// Reads the body of a merge patch: the same without `externalId`.
    ///
    /// # Errors
    /// The first fault of shape.
    pub fn patch(body: &Value) -> Result<Self, Fault> {
        Self::read(&Shape::object(body, "", &CREATABLE[1..])?)
    }

    fn read(shape: &Shape<'_>) -> Result<Self, Fault> {
        Ok(Self {
            external_id: shape.text("externalId")?,
            nom: shape.text("nom")?,
            description: shape.text("description")?,
            statut: shape.text("statut")?,
            collectivites: shape.list("collectivites")?.try_map(|items| {
                let base = shape.pointer("collectivites");
                items.iter().enumerate().map(|(i, item)| collectivite(item, &format!("{base}/{i}"))).collect()
            })?,
            porteur: shape.nested("porteur", porteur)?,
            budget_previsionnel: shape.number("budgetPrevisionnel")?,
            date_debut_previsionnelle: shape.text("dateDebutPrevisionnelle")?,
        })
    }
}

fn collectivite(value: &Value, base: &str) -> Result<CollectiviteDraft, Fault> {
    let shape = Shape::object(value, base, &["type", "code"])?;
    Ok(CollectiviteDraft { kind: shape.text("type")?, code: shape.text("code")? })
}

fn porteur(value: &Value, base: &str) -> Result<PorteurDraft, Fault> {
    let known = ["siret", "referentEmail", "referentTelephone", "referentPrenom", "referentNom", "referentFonction"];
    let shape = Shape::object(value, base, &known)?;
    Ok(PorteurDraft {
        siret: shape.text("siret")?,
        referent_email: shape.text("referentEmail")?,
        referent_telephone: shape.text("referentTelephone")?,
        referent_prenom: shape.text("referentPrenom")?,
        referent_nom: shape.text("referentNom")?,
        referent_fonction: shape.text("referentFonction")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(body: &Value, pointer: &str) {
        assert_eq!(ProjectDraft::creation(body, "").unwrap_err().pointer, pointer, "{body}");
    }

    #[test]
    fn faults_of_shape_are_pointed_at() {
        check(&json!([]), "");
        check(&json!({"couleur": 1}), "/couleur");
        check(&json!({"a/b~c": 1}), "/a~1b~0c");
        check(&json!({"nom": 3}), "/nom");
        check(&json!({"budgetPrevisionnel": "cent"}), "/budgetPrevisionnel");
        check(&json!({"collectivites": {}}), "/collectivites");
        check(&json!({"collectivites": [null]}), "/collectivites/0");
        check(&json!({"collectivites": [{"type": "Commune", "code": 67482}]}), "/collectivites/0/code");
        check(&json!({"porteur": {"email": "x"}}), "/porteur/email");
        check(&json!({"porteur": "x"}), "/porteur");
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let draft = ProjectDraft::patch(&json!({"description": null, "nom": "x"})).unwrap();
        assert_eq!(draft.description, Field::Null);
        assert_eq!(draft.nom, Field::Set("x".to_owned()));
        assert_eq!(draft.porteur, Field::Absent);
        assert_eq!(ProjectDraft::patch(&json!({"externalId": "x"})).unwrap_err().pointer, "/externalId");
    }
}
