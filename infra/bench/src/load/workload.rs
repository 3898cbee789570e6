//! What is written: an ordinary project, created and then changed a few times.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the clients write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Workload {
    /// One creation, then four changes of that project: status, budget, name, status with description.
    Life,
    /// Creations only.
    Creations,
}

impl Workload {
    /// How many times a project is changed after its creation.
    pub(crate) const fn patches(self) -> u64 {
        match self {
            Self::Life => 4,
            Self::Creations => 0,
        }
    }
}

/// The e-mail of the user who makes every change: each write checks a right, as in real life.
pub(crate) const USER: &str = "camille.martin@ville.example";

/// A project as MEC would create it.
pub(crate) fn creation(external_id: &str) -> Value {
    json!({
        "externalId": external_id,
        "nom": "Rénovation thermique de l'école Jean-Moulin",
        "description": "Isolation des façades et de la toiture, remplacement des menuiseries et de la chaudière, \
                        ventilation double flux. Le bâtiment accueille 140 élèves.",
        "statut": "Non démarré, intention",
        "collectivites": [{ "type": "Commune", "code": "74010" }],
        "porteur": {
            "referentEmail": USER,
            "referentPrenom": "Camille",
            "referentNom": "Martin",
            "referentFonction": "Directrice des services techniques",
        },
        "budgetPrevisionnel": 420_000,
        "dateDebutPrevisionnelle": "2027-03-01",
    })
}

/// The change numbered `number`, from 0: each one leads to a new version.
pub(crate) fn patch(number: u64) -> Value {
    match number % 4 {
        0 => json!({ "statut": "Etudes pré-opérationnelles en cours" }),
        1 => json!({ "budgetPrevisionnel": 455_000 }),
        2 => json!({ "nom": "Rénovation thermique de l'école Jean-Moulin, tranche 1" }),
        _ => json!({ "statut": "Etudes opérationnelles en cours", "description": "Les entreprises sont choisies." }),
    }
}
