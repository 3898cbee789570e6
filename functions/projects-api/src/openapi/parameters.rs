//! Parameters of several operations. The doc comments are the text of the document, in French.
#![expect(dead_code, reason = "described, never built: only `IntoParams` reads these fields")]

use domain::api_key::Service;
use domain::communs::cursor::{EventCursor, FeedStart, ProjectCursor};
use domain::communs::statut::Generic;
use domain::query::{self, Moment};
use domain::reference::territory::{CommuneOrArrondissement, Departement, Epci, Region};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::schemas::delivery::DeliveryStatus;

/// The user a project call is made for.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct UserEmail {
    /// L'utilisateur pour qui le service agit. **Obligatoire avec une clé de portée `projects`.** Sans lui, une clé
    /// `sync` agit pour le service : elle lit tout, et n'écrit que les projets que le service a créés ou auxquels il
    /// est lié.
    #[param(
        rename = "X-User-Email", nullable = false, format = Email, max_length = 254, example = "camille@ville.example"
    )]
    email: Option<String>,
}

/// The user on whose behalf permissions are managed.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct ManagingUser {
    /// L'utilisateur pour qui le service agit ; il doit avoir WRITE. Facultatif si le service a créé le projet ou lui
    /// est lié.
    #[param(
        rename = "X-User-Email", nullable = false, format = Email, max_length = 254, example = "camille@ville.example"
    )]
    email: Option<String>,
}

/// The version a write was decided on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfMatch {
    /// L'`ETag` de la version lue : l'écriture est refusée (412) si le projet a changé depuis.
    #[param(rename = "If-Match", nullable = false, example = "\"3\"")]
    version: Option<String>,
}

/// Nothing known yet may be overwritten.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IfNoneMatch {
    /// `*` : la requête est refusée (412) si le projet existe déjà.
    #[param(rename = "If-None-Match", nullable = false, example = "*")]
    version: Option<String>,
}

/// The key by which a lost answer is asked for again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IdempotencyKey {
    /// Une clé propre à cette opération, en ASCII, sans virgule. La même requête rejouée sous 24 heures reçoit la même réponse, avec
    /// `Idempotency-Replayed: true`.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[!-+.-~-]([ -+.-~-]*[!-+.-~-])?$",
        example = "3f0c6f0e-2b7e-4d0c-9a55-7a1d3d5b9c11"
    )]
    key: Option<String>,
}

/// A project of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ProjectPath {
    /// L'identifiant du projet.
    #[param(example = "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90")]
    id: Uuid,
}

/// A webhook of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WebhookPath {
    /// L'identifiant du webhook.
    #[param(example = "019a4323-5f81-7c20-b6b1-0f6f1a2c9d44")]
    id: Uuid,
}

/// An event of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct EventPath {
    /// L'identifiant de l'événement.
    #[param(rename = "eventId", pattern = "^evt_[0-9a-f]{32}$", example = "evt_019a432386f47c41b2d0c5a1e7f3904d")]
    event_id: String,
}

/// A service of the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ServicePath {
    /// Le nom du service.
    #[param(pattern = "^[a-z0-9-]{1,40}$", example = "mec")]
    service: String,
}

/// A service's own id, whatever it is made of.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ExternalIdQuery {
    /// L'identifiant du projet dans ce service, encodé comme toute valeur de paramètre.
    #[param(value_type = String, required, min_length = 1, max_length = 200, example = "2026/17")]
    pub(crate) external_id: Option<String>,
}

/// A service's own id, in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ExternalIdPath {
    /// L'identifiant du projet dans ce service.
    #[param(rename = "externalId", pattern = "^[A-Za-z0-9._~-]{1,200}$", example = "mec-1042")]
    external_id: String,
}

/// Which projects are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct ProjectFilter {
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<ProjectCursor>,
    /// Un statut générique.
    #[param(nullable = false, inline)]
    pub(crate) statut: Option<Generic>,
    /// Code INSEE : les projets qui nomment cette commune ; celui d'un arrondissement de Paris, Lyon ou Marseille vaut
    /// pour la ville.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[0-9][0-9AB][0-9]{3}$", example = "67482")]
    pub(crate) commune: Option<CommuneOrArrondissement>,
    /// SIREN : les projets qui nomment cet EPCI ou une de ses communes.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[0-9]{9}$", example = "246700488")]
    pub(crate) epci: Option<Epci>,
    /// Code du département : les projets qui nomment une de ses communes, ou un EPCI qui y a une commune.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[0-9][0-9AB][0-9]?$", example = "67")]
    pub(crate) departement: Option<Departement>,
    /// Code de la région, de même.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[0-9]{2,3}$", example = "44")]
    pub(crate) region: Option<Region>,
    /// Les projets que ce service a créés ou auxquels il est lié.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[a-z0-9-]{1,40}$", example = "mec")]
    pub(crate) service: Option<Service>,
    /// Les projets dont la version date de cet instant ou d'après.
    #[param(value_type = Option<DateTime<Utc>>, nullable = false, example = "2026-11-01T00:00:00Z")]
    pub(crate) updated_since: Option<Moment>,
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 100)]
    pub(crate) limit: Option<query::Limit>,
}

/// Where the feed goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FeedPage {
    /// Le `nextCursor` de la lecture précédente, ou `latest` : à partir de maintenant. Absent : depuis le début.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) after: Option<FeedStart>,
    /// Comme `after`.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<FeedStart>,
    /// À partir de cet instant, inclus ; pas avec `after` ni `cursor`.
    #[param(value_type = Option<DateTime<Utc>>, nullable = false, example = "2026-11-02T09:00:00Z")]
    pub(crate) since: Option<Moment>,
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 100)]
    pub(crate) limit: Option<query::Limit>,
}

/// Where the list of what a person changed goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesPage {
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<ProjectCursor>,
    /// Combien de projets regarder ; ceux où la personne a un droit sans avoir rien changé ne sont pas montrés.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 100)]
    pub(crate) limit: Option<query::Limit>,
}

/// Where the digest goes on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DigestPage {
    /// Le `nextCursor` de la lecture précédente ; absent : depuis le début.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) after: Option<ProjectCursor>,
    /// Comme `after`.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<ProjectCursor>,
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 100)]
    pub(crate) limit: Option<query::Limit>,
}

/// Which deliveries are wanted: what is documented is what is parsed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    #[param(value_type = Option<DeliveryStatus>, nullable = false, inline)]
    pub(crate) status: Option<domain::webhooks::delivery::DeliveryStatus>,
    /// Les événements d'avant cet instant, exclu.
    #[param(value_type = Option<DateTime<Utc>>, nullable = false, example = "2026-11-12T00:00:00Z")]
    pub(crate) before: Option<Moment>,
    /// Le `nextCursor` de la page précédente.
    #[param(value_type = Option<String>, nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub(crate) cursor: Option<EventCursor>,
    /// La taille de la page.
    #[param(value_type = Option<u32>, nullable = false, minimum = 1, maximum = 100, default = 100)]
    pub(crate) limit: Option<query::Limit>,
}
