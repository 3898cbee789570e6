//! A project as it is shown: the same members for everybody, but for `statutNatif`, which is the reader's own.

use serde_json::{Value, json};

use super::project::Project;
use crate::api_key::Service;
use crate::instant;

/// The project as `reader` sees it.
#[must_use]
pub fn of(project: &Project, reader: &Service) -> Value {
    with_label(project, project.native_label(reader))
}

/// The project as it is frozen in an event, nobody's label filled in.
#[must_use]
pub fn frozen(project: &Project) -> Value {
    with_label(project, None)
}

fn with_label(project: &Project, statut_natif: Option<&str>) -> Value {
    json!({
        "id": project.id,
        "externalIds": project.external_ids,
        "nom": project.nom,
        "description": project.description,
        "statut": project.statut,
        "statutNatif": statut_natif,
        "collectivites": project.collectivites,
        "porteur": project.porteur,
        "budgetPrevisionnel": project.budget_previsionnel.map(super::project::Euros::to_json),
        "dateDebutPrevisionnelle": project.date_debut_previsionnelle,
        "version": project.version,
        "createdAt": instant::text(project.created_at),
        "updatedAt": instant::text(project.updated_at),
        "origin": project.origin,
    })
}
