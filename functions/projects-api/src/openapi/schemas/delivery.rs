//! Deliveries.

use chrono::{DateTime, Utc};
use domain::body::{Instant, Required};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use domain::communs::event_type::EventType;

/// Où en est un événement pour un webhook.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// L'événement, aussi le `webhook-id`.
    #[schema(pattern = "^evt_[0-9a-f]{32}$", example = "evt_019a432386f47c41b2d0c5a1e7f3904d")]
    event_id: String,
    r#type: EventType,
    project_id: Uuid,
    status: DeliveryStatus,
    /// Les tentatives faites, reprises comprises.
    attempt_count: u32,
    /// Le statut HTTP de la dernière tentative, s'il en est venu un.
    #[schema(required, example = 503)]
    last_status_code: Option<u16>,
    /// Pourquoi il n'en est pas venu.
    #[schema(required)]
    last_error_class: Option<ErrorClass>,
    /// La durée de la dernière tentative.
    #[schema(required, example = 87)]
    latency_ms: Option<u64>,
    /// `null` sauf en attente.
    #[schema(required)]
    next_attempt_at: Option<DateTime<Utc>>,
}

/// `pending` : due, ou en attente d'une reprise ou du disjoncteur ; `delivered` ; `failed` : dix tentatives sans
/// réussite ; `superseded` : une version plus récente du projet est déjà arrivée ; `held` : le webhook est désactivé.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryStatus {
    Pending,
    Delivered,
    Failed,
    Superseded,
    Held,
}

/// Pourquoi aucun statut HTTP n'est venu.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ErrorClass {
    Timeout,
    Connect,
    Dns,
    Tls,
    AddressRefused,
}

/// Une page de livraisons, l'événement le plus récent d'abord.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DeliveryPage {
    #[schema(max_items = 100)]
    items: Vec<Delivery>,
    /// À donner en `cursor` pour la page suivante ; `null` sur la dernière.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Une livraison et ses tentatives.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DeliveryDetail {
    #[serde(flatten)]
    delivery: Delivery,
    /// Les vingt dernières, la plus ancienne d'abord.
    #[schema(max_items = 20)]
    attempts: Vec<Attempt>,
}

/// Une tentative.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attempt {
    at: DateTime<Utc>,
    #[schema(required, example = 503)]
    status_code: Option<u16>,
    #[schema(required)]
    error_class: Option<ErrorClass>,
    #[schema(example = 87)]
    latency_ms: u64,
    /// Les 2 premiers Kio de la réponse, en texte.
    #[schema(example = "Service indisponible")]
    answer: String,
}

/// À partir de quand.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// L'instant des événements, inclus.
    #[schema(value_type = DateTime<Utc>, example = "2026-11-10T00:00:00Z")]
    pub(crate) since: Required<Instant>,
}

/// Ce qui va être envoyé.
#[derive(ToSchema)]
pub(crate) struct Scheduled {
    /// Le nombre de livraisons remises en attente.
    #[schema(example = 12)]
    scheduled: u64,
}
