//! People, and their erasure.

use domain::body::Required;
use domain::reference::email::Email;
use serde::Deserialize;
use utoipa::ToSchema;

/// Une personne.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    #[schema(value_type = String, format = Email, max_length = 254, example = "camille@ville.example")]
    pub(crate) email: Required<Email>,
}

/// Ce qui a été effacé ; tout est à zéro quand il n'y avait rien.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct Erasure {
    /// Les projets sur lesquels un droit a été retiré.
    #[schema(example = 3)]
    permissions: u64,
    /// Les projets dont le porteur référent a été vidé.
    #[schema(example = 1)]
    porteurs: u64,
    /// Les événements conservés qui ont été caviardés.
    #[schema(example = 4)]
    events: u64,
    /// Les livraisons dont les réponses conservées ont été vidées.
    #[schema(example = 2)]
    deliveries: u64,
    /// Les réponses gardées pour l'idempotence qui ont été caviardées.
    #[schema(example = 0)]
    idempotency_records: u64,
}
