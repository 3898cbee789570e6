//! Statuts.

use domain::communs::statut::Generic;
use utoipa::ToSchema;

/// La table des statuts du service appelant.
#[derive(ToSchema)]
pub(crate) struct StatutTable {
    /// Le service appelant.
    #[schema(example = "tet")]
    service: String,
    /// Tous les codes génériques.
    generiques: Vec<Generic>,
    /// Les libellés du service, dans l'ordre de sa table ; vide s'il n'en a pas.
    statuts: Vec<StatutLabel>,
}

/// Un libellé d'un service, et ce qu'il veut dire pour tous.
#[derive(ToSchema)]
pub(crate) struct StatutLabel {
    /// Le libellé du service.
    #[schema(example = "En cours")]
    natif: String,
    generique: Generic,
}
