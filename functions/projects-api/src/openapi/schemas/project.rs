//! Projects, as read, created and patched.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::statut::StatutGenerique;

/// Un projet, tel que le voit le service appelant. Ce qui n'est pas renseigné est `null`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = project_example)]
pub(crate) struct Project {
    /// L'identifiant commun à tous les services (UUIDv7, donc dans l'ordre de création).
    id: Uuid,
    /// L'identifiant du projet dans chaque service qui l'a créé ou importé.
    external_ids: BTreeMap<String, String>,
    nom: String,
    #[schema(required)]
    description: Option<String>,
    statut: StatutGenerique,
    /// Le libellé du service **qui lit** pour ce statut ; `null` s'il n'en a pas, il montre alors le statut générique.
    #[schema(required)]
    statut_natif: Option<String>,
    collectivites: Vec<Collectivite>,
    #[schema(required)]
    porteur: Option<Porteur>,
    /// En euros.
    #[schema(required, minimum = 0)]
    budget_previsionnel: Option<f64>,
    #[schema(required)]
    date_debut_previsionnelle: Option<NaiveDate>,
    /// 1, 2, 3... ; c'est aussi l'`ETag`. Un changement de libellé sans changement de statut générique ne la fait pas
    /// avancer.
    #[schema(minimum = 1)]
    version: u64,
    created_at: DateTime<Utc>,
    /// L'instant de la version courante.
    updated_at: DateTime<Utc>,
    /// Le service qui a créé le projet.
    origin: String,
}

/// Un territoire concerné par le projet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"type": "Commune", "code": "67482"}))]
pub(crate) struct Collectivite {
    r#type: TerritoryKind,
    /// Code INSEE de la commune ou SIREN de l'EPCI, selon le Code officiel géographique. Le code d'une ancienne commune
    /// est remplacé par celui de la commune actuelle ; les arrondissements municipaux sont refusés.
    #[schema(pattern = "^([0-9][0-9AB][0-9]{3}|[0-9]{9})$")]
    code: String,
}

/// Commune ou EPCI à fiscalité propre.
#[derive(Deserialize, ToSchema)]
pub(crate) enum TerritoryKind {
    Commune,
    #[serde(rename = "EPCI")]
    Epci,
}

/// Le porteur référent du projet.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Porteur {
    /// SIRET de l'organisme.
    #[schema(required)]
    siret: Option<String>,
    /// Adresse e-mail, telle que saisie.
    #[schema(required)]
    referent_email: Option<String>,
    #[schema(required)]
    referent_telephone: Option<String>,
    #[schema(required)]
    referent_prenom: Option<String>,
    #[schema(required)]
    referent_nom: Option<String>,
    #[schema(required)]
    referent_fonction: Option<String>,
}

/// Le porteur référent tel que saisi. Il reçoit le droit WRITE sur le projet par son adresse e-mail. Sans aucun membre
/// renseigné, le projet n'a pas de porteur.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PorteurWritten {
    /// SIRET de l'organisme : 14 chiffres, clé de contrôle juste.
    #[schema(pattern = "^[0-9]{14}$", example = "24670048800017")]
    siret: Option<String>,
    #[schema(format = Email, max_length = 254, example = "service.batiments@ville.example")]
    referent_email: Option<String>,
    #[schema(max_length = 200, example = "03 00 00 00 00")]
    referent_telephone: Option<String>,
    #[schema(max_length = 200, example = "Camille")]
    referent_prenom: Option<String>,
    #[schema(max_length = 200, example = "Exemple")]
    referent_nom: Option<String>,
    #[schema(max_length = 200, example = "Direction du patrimoine")]
    referent_fonction: Option<String>,
}

/// Un projet à créer, ou l'état complet d'un projet déjà connu sous cet `externalId` : ce qui est absent est alors
/// effacé.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = new_project_example)]
pub(crate) struct NewProject {
    /// L'identifiant du projet dans le service appelant, unique pour ce service.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    external_id: String,
    /// Le nom ; les blancs qui l'entourent sont retirés.
    #[schema(min_length = 1, max_length = 500, pattern = r"\S")]
    nom: String,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// Un libellé de la table du service appelant (voir `GET /statuts`) ou un code générique.
    #[schema(min_length = 1, pattern = r"\S")]
    statut: String,
    /// Les doublons sont retirés.
    #[schema(min_items = 1, max_items = 500)]
    collectivites: Vec<Collectivite>,
    porteur: Option<PorteurWritten>,
    /// En euros, à deux décimales au plus.
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64)]
    budget_previsionnel: Option<f64>,
    /// Peut être passée.
    date_debut_previsionnelle: Option<NaiveDate>,
}

/// Une modification (RFC 7396) : ce qui est absent reste, `null` efface ce qui peut l'être, `porteur` est fusionné
/// membre par membre, `collectivites` est remplacé en entier.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"statut": "En cours", "budgetPrevisionnel": 1_250_000}))]
pub(crate) struct ProjectPatch {
    /// Les blancs qui l'entourent sont retirés.
    #[schema(nullable = false, min_length = 1, max_length = 500, pattern = r"\S")]
    nom: Option<String>,
    #[schema(max_length = 10_000)]
    description: Option<String>,
    /// Un libellé de la table du service appelant, ou un code générique.
    #[schema(nullable = false, min_length = 1, pattern = r"\S")]
    statut: Option<String>,
    #[schema(nullable = false, min_items = 1, max_items = 500)]
    collectivites: Option<Vec<Collectivite>>,
    porteur: Option<PorteurWritten>,
    /// En euros, à deux décimales au plus.
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64)]
    budget_previsionnel: Option<f64>,
    date_debut_previsionnelle: Option<NaiveDate>,
}

/// Une page de projets, dans l'ordre de création.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ProjectPage {
    #[schema(max_items = 100)]
    items: Vec<Project>,
    /// À donner en `cursor` pour la page suivante ; `null` sur la dernière.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Les versions d'un projet, la plus récente d'abord.
#[derive(ToSchema)]
pub(crate) struct History {
    items: Vec<HistoryEntry>,
}

/// Qui a changé quoi, et quand ; jamais de valeur.
#[derive(ToSchema)]
pub(crate) struct HistoryEntry {
    #[schema(minimum = 1)]
    version: u64,
    at: DateTime<Utc>,
    /// Le service qui a écrit.
    #[schema(example = "tet")]
    service: String,
    actor: Actor,
    r#type: super::event::EventType,
    /// Les noms des propriétés changées.
    #[schema(example = json!(["statut", "budgetPrevisionnel"]))]
    changed: Vec<String>,
}

/// Pour un utilisateur nommé, ou pour le service lui-même.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Actor {
    User,
    Service,
}

/// Un lien à poser.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Link {
    /// L'identifiant du projet dans le service.
    #[schema(min_length = 1, max_length = 200, pattern = r"\S", example = "fiche-1207")]
    external_id: String,
}

fn new_project_example() -> Value {
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

/// The project of [`new_project_example`] as `MEC` reads it back.
pub(crate) fn project_example() -> Value {
    let mut project = new_project_example();
    if let Some(members) = project.as_object_mut() {
        members.remove("externalId");
        let added = json!({
            "id": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90",
            "externalIds": {"mec": "mec-1042", "tet": "fiche-1207"},
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
