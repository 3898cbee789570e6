//! Who calls: La Coop's back end, or for what is managed La Coop's own managers and the operators.

use axum::extract::FromRequestParts;
use domain::api_key::{Scope, Service};
use http::request::Parts;
use passerelle::web::caller::service_key;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use uuid::Uuid;

use crate::app::App;

/// The service La Coop is registered as.
const COOP: &str = "coop";
/// The reserved service of the operators.
const OPERATORS: &str = "exploitation";

/// La Coop, with its key of scope `sync`.
pub(crate) struct CoopCaller;

/// La Coop, with its key of scope `sync` or `manage`, or the operators.
pub(crate) struct CoopOrOperator(Service);

impl CoopOrOperator {
    /// Writes down, for the audit, what this caller did to a user.
    pub(crate) fn record(&self, action: &str, user: Uuid) {
        tracing::info!(target: "audit", action, service = %self.0, %user, "done");
    }
}

impl FromRequestParts<App> for CoopCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = service_key(parts, &app.keys).await?;
        let is_coop = key.service.as_str() == COOP && key.scope == Scope::Sync;
        if is_coop { Ok(Self) } else { Err(Code::PermissionRefused.into()) }
    }
}

impl FromRequestParts<App> for CoopOrOperator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = service_key(parts, &app.keys).await?;
        let may = match key.service.as_str() {
            COOP => matches!(key.scope, Scope::Sync | Scope::Manage),
            OPERATORS => key.scope == Scope::Manage,
            _ => false,
        };
        if may { Ok(Self(key.service)) } else { Err(Code::PermissionRefused.into()) }
    }
}
