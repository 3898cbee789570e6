//! What the API shows: a user with what is kept of them, and a plan.

use domain::coop::emplois::Action;
use domain::coop::structures::{Known, Structure};
use domain::coop::user::User;
use passerelle::store::coop::Profile;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sync::Decision;
use domain::instant;

/// A user with what is kept of them.
pub(crate) fn user_to_json(profile: &Profile, known: &Known) -> Value {
    let mut emplois: Vec<_> = profile.emplois.iter().collect();
    emplois.sort_unstable_by_key(|emploi| (emploi.created_at, emploi.id));
    let emploi = |emploi: &&domain::coop::user::Emploi| {
        json!({
            "id": emploi.id,
            "structure": structure_summary(emploi.structure, known),
            "debut": emploi.debut,
            "fin": emploi.fin,
            "suppression": emploi.deleted_at.map(instant::text),
            "creation": instant::text(emploi.created_at),
        })
    };
    let lieu = |lieu: &domain::coop::user::Lieu| json!({"id": lieu.id, "structure": structure_summary(lieu.structure, known), "debut": lieu.debut});
    let mut structures: Vec<&Structure> = known.structures.values().collect();
    structures.sort_unstable_by_key(|structure| (structure.created_at, structure.id));
    let user = &profile.stored.user;
    json!({
        "user": identity_to_json(user),
        "emplois": emplois.iter().map(emploi).collect::<Vec<_>>(),
        "structures": structures,
        "lieux": profile.lieux.iter().map(lieu).collect::<Vec<_>>(),
        "coordinateur": user.coordinateur.is_some(),
        "mediateur": user.mediateur.is_some(),
    })
}

fn identity_to_json(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "prenom": user.prenom,
        "nom": user.nom,
        "telephone": user.telephone,
        "isConseillerNumerique": user.is_conseiller_numerique,
        "dataspaceId": user.dataspace_id,
        "dataspaceUserIdPg": user.dataspace_user_id_pg,
        "lastSyncedFromDataspace": user.last_synced_from_dataspace.map(instant::text),
        "importedLieuxFromDataspace": user.imported_lieux_from_dataspace.map(instant::text),
        "deleted": user.deleted,
    })
}

fn structure_summary(id: Uuid, known: &Known) -> Value {
    let structure = known.structures.get(&id);
    json!({
        "id": id,
        "nom": structure.map(|structure| &structure.nom),
        "siret": structure.and_then(|structure| structure.siret.as_ref()),
        "codeInsee": structure.and_then(|structure| structure.code_insee.as_ref()),
    })
}

/// What a synchronisation would write.
pub(crate) fn plan_to_json(decision: &Decision) -> Value {
    let Decision { profile, known, plan, .. } = decision;
    let step = |step: &domain::coop::emplois::Step| {
        let (action, is_new) = match step.action {
            Action::Create => ("create", true),
            Action::Update => ("update", false),
            Action::Reactivate => ("reactivate", false),
            Action::Remove => ("remove", false),
            Action::Keep => ("keep", false),
        };
        let (to_be_made, structure) = plan.structure(known, step.after.structure);
        json!({
            "action": action,
            "id": (!is_new).then_some(step.after.id),
            "structure": {
                "id": (!to_be_made).then_some(step.after.structure),
                "nom": structure.map(|structure| &structure.nom),
                "siret": structure.and_then(|structure| structure.siret.as_ref()),
            },
            "debut": step.after.debut,
            "fin": step.after.fin,
        })
    };
    let given = plan.user.coordinateur != profile.stored.user.coordinateur;
    json!({"coordinateur": given.then_some("create"), "emplois": plan.emplois.iter().map(step).collect::<Vec<_>>()})
}
