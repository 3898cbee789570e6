//! The project that the documents show everywhere.

use serde_json::{Value, json};

/// As `MEC` writes it.
#[must_use]
pub fn new_project() -> Value {
    json!({
        "externalId": "mec-1042",
        "nom": "Rénovation énergétique du groupe scolaire de la Meinau",
        "description": "Isolation, menuiseries et raccordement au réseau de chaleur.",
        "statut": "Etudes opérationnelles en cours",
        "collectivites": [{"type": "Commune", "code": "67482"}, {"type": "EPCI", "code": "246700488"}],
        "porteur": {
            "siret": "24670048800017",
            "referentEmail": "service.batiments@ville.example",
            "referentPrenom": "Camille",
            "referentNom": "Exemple",
            "referentFonction": "Direction du patrimoine",
        },
        "budgetPrevisionnel": 1_250_000,
        "dateDebutPrevisionnelle": "2027-03-01",
    })
}

/// The project of [`new_project`] as `MEC` reads it back.
#[must_use]
pub fn project() -> Value {
    let mut project = new_project();
    if let Some(members) = project.as_object_mut() {
        members.remove("externalId");
        let added = json!({
            "id": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90",
            "externalIds": {"mec": "mec-1042", "tet": "fiche-1207"},
            "links": {"tet": {"externalId": "fiche-1207", "role": "writer"}},
            "statut": "EN_COURS",
            "statutNatif": "Etudes opérationnelles en cours",
            "version": 3,
            "createdAt": "2026-11-02T09:00:00.000Z",
            "updatedAt": "2026-11-12T14:31:07.214Z",
            "origin": "mec",
        });
        members.extend(added.as_object().cloned().unwrap_or_default());
    }
    project["porteur"]["referentTelephone"] = Value::Null;
    project
}
