//! The bodies of requests and answers, as documented. Requests are parsed by these types; answers are only described by
//! them. Their doc comments are the text of the document, in French.
#![expect(dead_code, reason = "of answers, described, never built: only `ToSchema` reads these fields")]

use chrono::{DateTime, Utc};
use domain::body::{Field, Id, Raw, Required};
use domain::droits::password::{GivenPassword, NewPassword};
use domain::droits::suspension::is_manual_cause;
use domain::instant;
use domain::reference::email::Email;
use passerelle::web::openapi::problem::{Cause, TrailNode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

/// Une demande de création de compte.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Creation {
    #[schema(value_type = String, format = Email, max_length = 254, example = "lea.martin@strasbourg.eu")]
    pub(crate) email: Required<Email>,
    /// 12 caractères au moins, dont une majuscule, une minuscule et un chiffre.
    #[schema(value_type = String, min_length = 12, max_length = 1000, example = "Motdepasse2026")]
    pub(crate) password: Required<NewPassword>,
    #[schema(value_type = Uuid)]
    pub(crate) establishment_id: Required<Id>,
    /// Le jeton du lien reçu par courriel. Absent quand ZLV appelle avec sa clé `manage`.
    #[schema(value_type = Option<String>)]
    pub(crate) signup_token: Field<String>,
}

/// Une adresse électronique, dont le courriel ira à qui la lit.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Mailbox {
    #[schema(value_type = String, format = Email, max_length = 254, example = "lea.martin@strasbourg.eu")]
    pub(crate) email: Required<Email>,
}

/// Un autre mot de passe, par le lien reçu.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ResetCompletion {
    /// Le jeton du lien reçu par courriel.
    #[schema(value_type = String, min_length = 1)]
    pub(crate) token: Required<String>,
    /// 12 caractères au moins, dont une majuscule, une minuscule et un chiffre.
    #[schema(value_type = String, min_length = 12, max_length = 1000, example = "Motdepasse2027")]
    pub(crate) password: Required<NewPassword>,
}

/// L'ancien mot de passe, et le nouveau.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PasswordChange {
    #[schema(value_type = String, min_length = 1, max_length = 1000)]
    pub(crate) current_password: Required<GivenPassword>,
    /// 12 caractères au moins, dont une majuscule, une minuscule et un chiffre.
    #[schema(value_type = String, min_length = 12, max_length = 1000, example = "Motdepasse2027")]
    pub(crate) password: Required<NewPassword>,
}

/// Le rôle à donner.
#[derive(Deserialize, ToSchema)]
pub(crate) struct RoleChange {
    #[schema(value_type = Role)]
    pub(crate) role: Required<domain::droits::account::Role>,
}

/// Une suspension posée par une personne.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ManualSuspension {
    /// Ce qui sera montré à la personne ; aucune des causes de Portail DF.
    #[schema(value_type = String, min_length = 1, max_length = 500, example = "contrôle en cours")]
    pub(crate) cause: Required<ManualCause>,
}

/// The cause of a manual suspension.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ManualCause(pub(crate) String);

impl TryFrom<String> for ManualCause {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        if !(1..=500).contains(&text.chars().count()) {
            return Err("un texte de 1 à 500 caractères est attendu");
        }
        if !is_manual_cause(text) {
            return Err("cette cause est celle d'une suspension par Portail DF");
        }
        Ok(Self(text.to_owned()))
    }
}

/// Ce qui a été effacé.
#[derive(ToSchema)]
pub(crate) struct Erased {
    /// Un compte.
    user: bool,
    /// Une demande de compte.
    prospect: bool,
}

/// Le jeton de la nouvelle session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct NewToken {
    access_token: String,
}

/// Le compte créé, et le chemin de la décision.
#[derive(ToSchema)]
pub(crate) struct Created {
    user: User,
    trail: Vec<TrailNode>,
}

/// Une connexion.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Credentials {
    #[schema(value_type = String, format = Email, max_length = 254, example = "lea.martin@strasbourg.eu")]
    pub(crate) email: Required<Email>,
    #[schema(value_type = String, min_length = 1, max_length = 1000)]
    pub(crate) password: Required<GivenPassword>,
    /// L'établissement voulu ; par défaut le dernier choisi.
    #[schema(value_type = Option<Uuid>)]
    pub(crate) establishment_id: Field<Id>,
}

/// Le code reçu par courriel.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondFactor {
    #[schema(value_type = String, format = Email, max_length = 254)]
    pub(crate) email: Required<Email>,
    /// Le `challengeId` de la connexion en cours. Sans lui, aucun code n'est examiné.
    #[schema(value_type = Option<String>)]
    pub(crate) challenge_id: Field<String>,
    #[schema(value_type = String, pattern = "^[0-9]{6}$", example = "042317")]
    pub(crate) code: Required<SixDigits>,
    #[schema(value_type = Option<Uuid>)]
    pub(crate) establishment_id: Field<Id>,
}

/// The code of a second factor.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SixDigits(pub(crate) String);

impl TryFrom<String> for SixDigits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let six_digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if six_digits { Ok(Self(text)) } else { Err("un code de six chiffres est attendu") }
    }
}

/// L'établissement voulu.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    #[schema(value_type = Uuid)]
    pub(crate) establishment_id: Required<Id>,
}

/// Une personne.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct User {
    id: Uuid,
    email: String,
    role: Role,
    /// L'établissement courant.
    establishment_id: Uuid,
    suspended_at: Option<DateTime<Utc>>,
    /// La première cause, ou ce qu'une personne a écrit.
    suspended_cause: Option<String>,
    last_authenticated_at: Option<DateTime<Utc>>,
    /// Pour un exploitant seulement, comme les deux suivants ; inconnu des comptes les plus anciens.
    #[schema(nullable = false)]
    created_at: Option<DateTime<Utc>>,
    #[schema(nullable = false)]
    deleted_at: Option<DateTime<Utc>>,
    /// Quand l'effacement d'un compte inutilisé a été annoncé.
    #[schema(nullable = false)]
    deletion_announced_at: Option<DateTime<Utc>>,
}

/// A person as answers show it.
pub(crate) fn user(user: &domain::droits::account::User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "establishmentId": user.establishment_id,
        "suspendedAt": user.suspension.as_ref().map(|suspension| instant::text(suspension.at)),
        "suspendedCause": user.suspension.as_ref().map(|suspension| suspension.cause.clone()),
        "lastAuthenticatedAt": user.last_authenticated_at.map(instant::text),
    })
}

/// A person as operators are shown them.
pub(crate) fn account(account: &domain::droits::account::User) -> Value {
    let announced_at = account.deletion_announced.as_ref().map(|announced| announced.at);
    let mut shown = user(account);
    for (name, at) in
        [("createdAt", account.created_at), ("deletedAt", account.deleted_at), ("deletionAnnouncedAt", announced_at)]
    {
        if let Some(at) = at {
            shown[name] = instant::text(at).into();
        }
    }
    shown
}

/// Le rôle d'une personne.
#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
pub(crate) enum Role {
    Usual,
    Admin,
    Visitor,
}

/// Un établissement, avec ses communes.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Establishment {
    id: Uuid,
    #[schema(pattern = "^[0-9]{9}$")]
    siren: String,
    name: String,
    geo_codes: Vec<String>,
}

/// Un établissement, dans une liste.
#[derive(ToSchema)]
pub(crate) struct Summary {
    id: Uuid,
    #[schema(pattern = "^[0-9]{9}$")]
    siren: String,
    name: String,
}

/// La session ouverte ; ou, pour un administrateur, la demande d'un code.
pub(crate) struct SignedIn;

impl PartialSchema for SignedIn {
    fn schema() -> RefOr<Schema> {
        let one_of =
            OneOfBuilder::new().item(Ref::from_schema_name("Session")).item(Ref::from_schema_name("TwoFactorRequired"));
        RefOr::T(Schema::OneOf(one_of.build()))
    }
}

impl ToSchema for SignedIn {}

/// Un code a été envoyé : la suite est `POST /authenticate/verify-2fa`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct TwoFactorRequired {
    requires_two_factor: bool,
    /// À présenter avec le code.
    challenge_id: Uuid,
}

/// Une session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Session {
    user: User,
    establishment: Establishment,
    /// À présenter pendant douze heures.
    access_token: String,
    /// Si Portail DF a répondu ; absent pour un administrateur, pour qui il n'est pas interrogé.
    #[schema(nullable = false)]
    rights_checked: Option<bool>,
    /// Les communes visibles. Vide : rien n'est visible.
    effective_geo_codes: Vec<String>,
    authorized_establishments: Vec<Summary>,
    /// Sans autre connexion, le compte est effacé à partir de cette date ; absent pour un administrateur.
    #[schema(nullable = false)]
    kept_until: Option<DateTime<Utc>>,
    /// Absent si la personne n'est pas suspendue et que ses droits ont été vérifiés un jour.
    #[schema(nullable = false)]
    banner: Option<Banner>,
}

/// Ce qui suspend la personne, à lui montrer.
#[derive(ToSchema)]
pub(crate) struct Banner {
    causes: Vec<Cause>,
}

/// Une décision à expliquer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explain {
    #[schema(value_type = String, format = Email, max_length = 254)]
    pub(crate) email: Required<Email>,
    #[schema(value_type = Uuid)]
    pub(crate) establishment_id: Required<Id>,
    #[schema(value_type = Flow)]
    pub(crate) flow: Required<domain::droits::diagram::Flow>,
}

/// L'arbre suivi.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Flow {
    Creation,
    Connexion,
    Changement,
}

/// La décision, son chemin, et le diagramme publié avec ce chemin.
#[derive(ToSchema)]
pub(crate) struct Explained {
    outcome: Outcome,
    trail: Vec<TrailNode>,
    /// Au format Mermaid.
    mermaid: String,
}

/// Ce que la vraie demande donnerait.
#[derive(ToSchema)]
pub(crate) struct Outcome {
    result: OutcomeKind,
    status: u16,
    problem: Option<String>,
    reason: Option<String>,
    causes: Vec<String>,
}

/// L'issue.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OutcomeKind {
    Accepted,
    Suspended,
    Refused,
    Unavailable,
}

/// Un logement.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Housing {
    id: Uuid,
    geo_code: String,
    #[schema(minimum = 0, maximum = 5)]
    status: u8,
    owner_ids: Vec<Uuid>,
}

/// Un nombre de logements.
#[derive(ToSchema)]
pub(crate) struct Count {
    count: u64,
}

/// Une commune.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Locality {
    geo_code: String,
    name: String,
}

/// Une campagne, un groupe ou un brouillon.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Collection {
    id: Uuid,
    establishment_id: Uuid,
    /// Absent d'un brouillon.
    #[schema(nullable = false)]
    title: Option<String>,
}

/// Un propriétaire.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Owner {
    id: Uuid,
    full_name: String,
}

/// Un événement d'un logement ou d'une campagne.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Event {
    id: Uuid,
    name: String,
    #[schema(nullable = false)]
    housing_id: Option<Uuid>,
    #[schema(nullable = false)]
    campaign_id: Option<Uuid>,
}

/// Des éléments à charger, 1000 au plus. Leur forme dépend de `kind` : voir la description.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Load {
    #[schema(max_items = 1000, value_type = Vec<Object>)]
    pub(crate) items: Required<Vec<Raw>>,
}

/// Combien d'éléments ont été enregistrés.
#[derive(ToSchema)]
pub(crate) struct Stored {
    stored: u64,
}

/// Ce qui se charge.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LoadKind {
    Establishments,
    Prospects,
    Localities,
    Housing,
    Owners,
    Campaigns,
    Groups,
    Drafts,
    Events,
}

macro_rules! pages {
    ($($name:ident of $item:ident;)+) => {$(
        /// Une page.
        #[derive(ToSchema)]
        #[schema(rename_all = "camelCase")]
        pub(crate) struct $name {
            items: Vec<$item>,
            /// Nul à la dernière page.
            next_cursor: Option<String>,
        }
    )+};
}

pages! {
    SummaryPage of Summary;
    HousingPage of Housing;
    LocalityPage of Locality;
    CollectionPage of Collection;
    OwnerPage of Owner;
    EventPage of Event;
}

/// The thing of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct IdPath {
    /// Son identifiant.
    id: Uuid,
}

/// The kind of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct KindPath {
    /// Ce qui se charge.
    #[param(inline)]
    kind: LoadKind,
}
