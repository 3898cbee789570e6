//! Callers.

use domain::api_key::{Scope, Service};
use serde::Serialize;
use utoipa::ToSchema;

/// Ce que la clé présentée dit de qui appelle.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    #[schema(value_type = String, example = "tet")]
    pub(crate) service: Service,
    #[schema(value_type = KeyScope)]
    pub(crate) scope: Scope,
    /// Les huit premiers chiffres de l'empreinte de la clé, par lesquels nos journaux et les exploitants la nomment.
    #[schema(pattern = "^[0-9a-f]{8}$", example = "3f0c6f0e")]
    pub(crate) key_prefix: String,
}

/// La portée d'une clé.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "described, never built")]
pub(crate) enum KeyScope {
    Projects,
    Sync,
    Manage,
}
