//! Webhooks.

use chrono::{DateTime, Utc};
use domain::body::{Field, Required};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::delivery::ErrorClass;
use domain::communs::event_type::EventType;
use domain::webhooks::own_header::{OwnName, OwnValue};

/// Une adresse à laquelle le service est prévenu des changements faits par les autres.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    id: Uuid,
    #[schema(format = "uri", example = "https://tet.example/hooks/communs")]
    url: String,
    #[schema(required, example = "Réception des projets")]
    description: Option<String>,
    /// Les types voulus ; `null` : tous.
    #[schema(required)]
    event_types: Option<Vec<EventType>>,
    /// L'en-tête que le récepteur demande, sans sa valeur, qui n'est jamais montrée.
    #[schema(required)]
    header: Option<ShownHeader>,
    status: WebhookStatus,
    /// Pourquoi il est désactivé.
    #[schema(required)]
    disabled_reason: Option<DisabledReason>,
    /// `open` : le récepteur échoue, une seule livraison l'essaie de temps en temps et les autres attendent.
    breaker: Breaker,
    /// Depuis quand le récepteur échoue ; `null` s'il va bien, comme tout ce qui suit.
    #[schema(required)]
    failing_since: Option<DateTime<Utc>>,
    /// La dernière réussite avant ces échecs, si elle est connue.
    #[schema(required)]
    last_success_at: Option<DateTime<Utc>>,
    /// Le dernier échec.
    #[schema(required)]
    last_failure: Option<LastFailure>,
    /// Quand le disjoncteur ouvert laisse passer la prochaine livraison d'essai.
    #[schema(required)]
    next_probe_at: Option<DateTime<Utc>>,
    /// Combien de livraisons attendent une reprise ou le disjoncteur, comptées jusqu'à 1000.
    #[schema(maximum = 1_000)]
    pending: u32,
    created_at: DateTime<Utc>,
}

/// Un en-tête de plus, par son nom.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ShownHeader {
    #[schema(example = "Authorization")]
    name: String,
}

/// Un en-tête de plus, envoyé avec chaque livraison et chaque essai.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Authorization", "value": "Bearer exemple"}))]
pub(crate) struct OwnHeader {
    /// `Authorization`, ou un nom en `X-`, sauf ceux des mandataires et d'AWS (`X-Forwarded-...`, `X-Real-IP`, `X-Amz...`),
    /// `X-HTTP-Method...` et `X-Passerelle...`.
    #[schema(value_type = String, pattern = "^([Aa][Uu][Tt][Hh][Oo][Rr][Ii][Zz][Aa][Tt][Ii][Oo][Nn]|[Xx]-[A-Za-z0-9_-]{1,62})$")]
    pub(crate) name: Required<OwnName>,
    /// Des caractères ASCII visibles. Gardée scellée, jamais montrée.
    #[schema(value_type = String, min_length = 1, max_length = 1_024, pattern = "^[!-~]([ -~]*[!-~])?$")]
    pub(crate) value: Required<OwnValue>,
}

/// Désactivé, un webhook ne reçoit plus rien : les événements sont gardés.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WebhookStatus {
    Active,
    Disabled,
}

/// `gone` : le récepteur a répondu 410 ; `failing` : cinq jours sans une réussite ; `paused` : à la demande du service.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DisabledReason {
    Gone,
    Failing,
    Paused,
}

/// Une tentative qui a échoué.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastFailure {
    at: DateTime<Utc>,
    /// Le statut HTTP, s'il en est venu un.
    #[schema(required, example = 503)]
    status_code: Option<u16>,
    /// Pourquoi il n'en est pas venu.
    #[schema(required)]
    error_class: Option<ErrorClass>,
}

/// L'état du disjoncteur.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Breaker {
    Closed,
    Open,
}

/// Les webhooks du service, dix au plus.
#[derive(ToSchema)]
pub(crate) struct Webhooks {
    #[schema(max_items = 10)]
    items: Vec<Webhook>,
}

/// Un webhook qui vient d'être créé.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreatedWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// De quoi vérifier les signatures (Standard Webhooks). Montré ici seulement.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/]{43}=$")]
    secret: String,
}

/// Un webhook à créer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://tet.example/hooks/communs",
    "eventTypes": ["project.created", "project.status_changed"],
    "description": "Réception des projets",
}))]
pub(crate) struct NewWebhook {
    /// En https, sur le port 443 ou 8443, à une adresse publique, sans utilisateur ni fragment.
    #[schema(value_type = String, format = "uri", min_length = 1, max_length = 2_048)]
    pub(crate) url: Required<String>,
    /// Les types voulus ; absent ou `null` : tous.
    #[schema(value_type = Option<Vec<EventType>>, min_items = 1)]
    pub(crate) event_types: Field<Vec<String>>,
    #[schema(value_type = Option<String>, max_length = 500)]
    pub(crate) description: Field<Description>,
    #[schema(value_type = Option<OwnHeader>)]
    pub(crate) header: Field<OwnHeader>,
}

/// The service's own note on a webhook.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Description(String);

impl TryFrom<String> for Description {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.chars().count() > 500 { Err("500 caractères au plus") } else { Ok(Self(text)) }
    }
}

impl From<Description> for String {
    fn from(Description(text): Description) -> Self {
        text
    }
}

/// Une modification (RFC 7396) ; `null` efface la description et l'en-tête, et demande tous les types. L'en-tête se donne
/// entier, et de nouveau quand l'adresse change d'hôte.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"eventTypes": null}))]
pub(crate) struct WebhookPatch {
    #[schema(value_type = String, required = false, format = "uri", min_length = 1, max_length = 2_048)]
    pub(crate) url: Field<String>,
    #[schema(value_type = Option<Vec<EventType>>, min_items = 1)]
    pub(crate) event_types: Field<Vec<String>>,
    #[schema(value_type = Option<String>, max_length = 500)]
    pub(crate) description: Field<Description>,
    #[schema(value_type = Option<OwnHeader>)]
    pub(crate) header: Field<OwnHeader>,
}

/// Le nouveau secret.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RotatedSecret {
    /// Montré ici seulement.
    #[schema(pattern = "^whsec_[A-Za-z0-9+/]{43}=$")]
    secret: String,
    /// Jusque-là, l'ancien secret signe aussi.
    previous_valid_until: DateTime<Utc>,
}

/// Ce qu'a répondu le récepteur au `ping`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "delivered": true, "statusCode": 204, "errorClass": null, "latencyMs": 87,
}))]
pub(crate) struct TestResult {
    /// Une réponse 2xx est venue.
    delivered: bool,
    #[schema(required)]
    status_code: Option<u16>,
    #[schema(required)]
    error_class: Option<ErrorClass>,
    latency_ms: u64,
}
