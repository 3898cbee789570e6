//! Statuts.

use serde::Deserialize;
use utoipa::ToSchema;

/// Le statut générique, commun à tous les services.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(example = "EN_COURS")]
pub(crate) enum StatutGenerique {
    Idee,
    Faisabilite,
    EnCours,
    Impacte,
    Abandonne,
    Termine,
}

/// La table des statuts du service appelant.
#[derive(ToSchema)]
pub(crate) struct StatutTable {
    /// Le service appelant.
    #[schema(example = "tet")]
    service: String,
    /// Tous les codes génériques.
    generiques: Vec<StatutGenerique>,
    /// Les libellés du service, dans l'ordre de sa table ; vide s'il n'en a pas.
    statuts: Vec<StatutLabel>,
}

/// Un libellé d'un service, et ce qu'il veut dire pour tous.
#[derive(ToSchema)]
pub(crate) struct StatutLabel {
    /// Le libellé du service.
    #[schema(example = "En cours")]
    natif: String,
    generique: StatutGenerique,
}
