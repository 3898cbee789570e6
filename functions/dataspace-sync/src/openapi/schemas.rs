//! The bodies of requests and answers, as documented. Requests are parsed by these types; answers are only described by
//! them. Their doc comments are the text of the document, in French.
#![expect(dead_code, reason = "of answers, described, never built: only `ToSchema` reads these fields")]

use chrono::{DateTime, NaiveDate, Utc};
use domain::body::{Field, Missing, Required};
use domain::coop::user::{Identity, PersonName};
use domain::query::Limit;
use domain::reference::email::Email;
use serde::Deserialize;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

/// Items of a page when nothing is said.
const USUAL: usize = 50;

/// Un utilisateur à enregistrer. Ce qui est enregistré est remplacé en entier.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// Sans les blancs autour, en minuscules une fois enregistrée.
    #[schema(value_type = String, format = Email, max_length = 254, example = "camille.durand@example.fr")]
    email: Required<Email>,
    #[schema(value_type = String, min_length = 1, example = "Camille")]
    prenom: Required<PersonName>,
    #[schema(value_type = String, min_length = 1, example = "Durand")]
    nom: Required<PersonName>,
    /// Tout texte est accepté ; Brevo ne le reçoit que s'il peut s'écrire en E.164.
    #[schema(value_type = Option<String>, example = "06 12 34 56 78")]
    telephone: Field<String>,
}

impl Registration {
    /// Who the user is from now on.
    pub(crate) fn into_identity(self) -> Result<Identity, Missing> {
        Ok(Identity {
            email: self.email.get()?.normalised().to_owned(),
            prenom: self.prenom.get()?.into(),
            nom: self.nom.get()?.into(),
            telephone: self.telephone.set(),
        })
    }
}

/// Tout ce que la Passerelle sait d'un utilisateur.
#[derive(ToSchema)]
pub(crate) struct UserView {
    user: User,
    /// Tous, supprimés compris.
    emplois: Vec<Emploi>,
    /// Chaque structure d'un emploi ou d'un lieu, une fois.
    structures: Vec<Structure>,
    /// Les lieux d'activité du médiateur.
    lieux: Vec<Lieu>,
    coordinateur: bool,
    mediateur: bool,
}

/// Un utilisateur.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct User {
    id: Uuid,
    email: String,
    prenom: String,
    nom: String,
    #[schema(required)]
    telephone: Option<String>,
    is_conseiller_numerique: bool,
    /// L'identifiant du Dataspace ; nul avant la première synchronisation.
    #[schema(required)]
    dataspace_id: Option<i64>,
    #[schema(required)]
    dataspace_user_id_pg: Option<i64>,
    /// La dernière synchronisation qui a trouvé l'utilisateur.
    #[schema(required)]
    last_synced_from_dataspace: Option<DateTime<Utc>>,
    /// La fin de l'import des lieux d'activité.
    #[schema(required)]
    imported_lieux_from_dataspace: Option<DateTime<Utc>>,
    deleted: bool,
}

/// Un emploi dans une structure.
#[derive(ToSchema)]
pub(crate) struct Emploi {
    id: Uuid,
    structure: StructureSummary,
    /// Nul pour un emploi temporaire.
    #[schema(required)]
    debut: Option<NaiveDate>,
    /// Le jour de la rupture, ou de la suppression.
    #[schema(required)]
    fin: Option<NaiveDate>,
    #[schema(required)]
    suppression: Option<DateTime<Utc>>,
    creation: DateTime<Utc>,
}

/// Une structure, en bref.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct StructureSummary {
    id: Uuid,
    nom: String,
    #[schema(required)]
    siret: Option<String>,
    #[schema(required)]
    code_insee: Option<String>,
}

/// Une structure.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Structure {
    id: Uuid,
    nom: String,
    #[schema(required)]
    siret: Option<String>,
    #[schema(required, example = "12 bis Rue de la Mairie")]
    adresse: Option<String>,
    #[schema(required)]
    code_postal: Option<String>,
    #[schema(required)]
    code_insee: Option<String>,
    #[schema(required)]
    commune: Option<String>,
    #[schema(required)]
    nom_referent: Option<String>,
    #[schema(required)]
    courriel_referent: Option<String>,
    #[schema(required)]
    telephone_referent: Option<String>,
    creation: DateTime<Utc>,
    #[schema(required)]
    suppression: Option<DateTime<Utc>>,
}

/// Un lieu d'activité.
#[derive(ToSchema)]
pub(crate) struct Lieu {
    id: Uuid,
    structure: StructureSummary,
    debut: NaiveDate,
}

/// Ce qu'une synchronisation a fait.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SyncResult {
    success: bool,
    /// Le Dataspace ne connaît pas l'utilisateur : rien n'a été écrit.
    no_op: bool,
    changes: SyncChanges,
    /// Seulement pour un coordinateur qui est conseiller numérique.
    #[schema(required)]
    coordinateur_id: Option<Uuid>,
    emplois: EmploiCounts,
    /// Ce qui n'a pas pu être lu, dans l'ordre du document.
    quarantined: Vec<Quarantined>,
}

/// Les changements.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SyncChanges {
    conseiller_numerique_created: bool,
    conseiller_numerique_removed: bool,
    coordinateur_created: bool,
    /// Toujours faux.
    coordinateur_updated: bool,
    /// Les structures distinctes qui portent un emploi.
    structures_synced: u32,
    /// Les emplois supprimés.
    structures_removed: u32,
}

/// Les emplois, par ce qui leur est arrivé.
#[derive(ToSchema)]
pub(crate) struct EmploiCounts {
    created: u32,
    updated: u32,
    reactivated: u32,
    removed: u32,
    unchanged: u32,
}

/// Un élément du Dataspace qui n'a pas pu être lu. Il empêche toute suppression d'emploi.
#[derive(ToSchema)]
pub(crate) struct Quarantined {
    /// Pointeur RFC 6901 dans la réponse du Dataspace.
    #[schema(example = "/structures_employeuses/0/contrats/1")]
    path: String,
    reason: String,
}

/// Ce qu'une synchronisation ferait. Rien n'est écrit ni envoyé.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DryRun {
    #[schema(inline)]
    #[serde(flatten)]
    result: SyncResult,
    dry_run: bool,
    plan: Plan,
}

/// Les écritures prévues.
#[derive(ToSchema)]
pub(crate) struct Plan {
    /// `create` si le rôle serait créé.
    #[schema(required)]
    coordinateur: Option<CoordinateurAction>,
    emplois: Vec<PlannedEmploi>,
}

/// Ce qui arriverait au rôle de coordinateur.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum CoordinateurAction {
    Create,
}

/// Un emploi, tel qu'il serait.
#[derive(ToSchema)]
pub(crate) struct PlannedEmploi {
    action: EmploiAction,
    /// Nul s'il serait créé.
    #[schema(required)]
    id: Option<Uuid>,
    structure: PlannedStructure,
    #[schema(required)]
    debut: Option<NaiveDate>,
    #[schema(required)]
    fin: Option<NaiveDate>,
}

/// Ce qui arriverait à un emploi.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum EmploiAction {
    Create,
    Update,
    Reactivate,
    Remove,
    Keep,
}

/// La structure d'un emploi prévu.
#[derive(ToSchema)]
pub(crate) struct PlannedStructure {
    /// Nul si elle serait créée.
    #[schema(required)]
    id: Option<Uuid>,
    nom: String,
    #[schema(required)]
    siret: Option<String>,
}

/// Le résultat d'une synchronisation ; avec `dryRun=true`, ce qu'il serait.
pub(crate) struct Synced;

impl PartialSchema for Synced {
    fn schema() -> RefOr<Schema> {
        // `anyOf`: what a dry run answers is a result too, so that both would match `oneOf`.
        let any_of =
            AnyOfBuilder::new().item(Ref::from_schema_name("DryRun")).item(Ref::from_schema_name("SyncResult"));
        RefOr::T(Schema::AnyOf(any_of.build()))
    }
}

impl ToSchema for Synced {}

/// Le résultat d'une inscription.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct InscriptionResult {
    #[schema(inline)]
    #[serde(flatten)]
    result: SyncResult,
    mediateur_created: bool,
    lieux: LieuCounts,
}

/// Les lieux d'activité de la réponse du Dataspace.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct LieuCounts {
    imported: u32,
    already_linked: u32,
    /// Adresse incomplète.
    skipped: u32,
}

/// Un changement fait par une synchronisation.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Change {
    id: String,
    at: DateTime<Utc>,
    entity: Entity,
    entity_id: Uuid,
    action: ChangeAction,
    /// Nul pour ce qui a été créé.
    #[schema(required, value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    #[schema(value_type = Object)]
    after: serde_json::Value,
}

/// Ce qui a changé.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Entity {
    User,
    Coordinateur,
    Mediateur,
    Lieu,
    Emploi,
}

/// Ce qui lui est arrivé.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum ChangeAction {
    Created,
    Updated,
    Reactivated,
    Removed,
}

/// Une synchronisation de nuit. `total` = `synced` + `noOp` + `failed` + `pending`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct SyncRun {
    id: Uuid,
    status: SyncRunStatus,
    started_at: DateTime<Utc>,
    /// Nul tant qu'elle n'est pas finie.
    #[schema(required)]
    finished_at: Option<DateTime<Utc>>,
    #[schema(required)]
    duration_ms: Option<i64>,
    /// Les utilisateurs à synchroniser.
    total: u64,
    synced: u64,
    no_op: u64,
    /// Ceux dont la dernière tentative a échoué ; trois tentatives en tout.
    failed: u64,
    /// Ceux dont une partie n'a pas pu être lue ; comptés aussi dans `synced`.
    quarantined: u64,
    pending: u64,
    emplois: SyncRunEmplois,
}

/// `paused` : trop d'emplois seraient supprimés, quelqu'un doit regarder, puis reprendre.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum SyncRunStatus {
    Running,
    Paused,
    Completed,
}

/// Les emplois des utilisateurs traités.
#[derive(ToSchema)]
pub(crate) struct SyncRunEmplois {
    /// Non supprimés, avant la synchronisation.
    seen: u64,
    removed: u64,
}

macro_rules! pages {
    ($($name:ident of $item:ident;)+) => {$(
        /// Une page, du plus récent au plus ancien.
        #[derive(ToSchema)]
        #[schema(rename_all = "camelCase")]
        pub(crate) struct $name {
            items: Vec<$item>,
            /// À donner en `cursor` pour la page suivante ; nul à la dernière.
            #[schema(required)]
            next_cursor: Option<String>,
        }
    )+};
}

pages! {
    ChangePage of Change;
    SyncRunPage of SyncRun;
}

/// A page of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 50)]
    limit: Option<Limit>,
    /// Le `nextCursor` de la page précédente.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<String>,
}

impl Paging {
    /// The most items of the page.
    pub(crate) fn limit(&self) -> usize {
        Limit::or(self.limit, USUAL)
    }
}

/// The user of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    /// L'identifiant de l'utilisateur dans La Coop.
    #[param(example = "a0000000-0000-4000-8000-000000000001")]
    id: Uuid,
}

/// The run of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SyncRunPath {
    /// L'identifiant de la synchronisation.
    id: Uuid,
}

/// Whether to write.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Writing {
    /// `true` : dit ce qui serait fait, sans rien écrire ni envoyer.
    #[param(nullable = false, default = false)]
    pub(crate) dry_run: Option<bool>,
}
