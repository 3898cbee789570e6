//! What a link opens to the linked service.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// writer : le service lié peut modifier le projet et en gérer les permissions ; reader : il le lit.
// `Reader < Writer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkRole {
    /// Its own label, the external ids, READ for its key of scope `sync`.
    Reader,
    /// What the service that created the project may, but for deletion.
    Writer,
}
