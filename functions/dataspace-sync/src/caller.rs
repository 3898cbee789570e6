//! Who calls: La Coop's back end, or for nightly runs somebody who manages the service.

use axum::extract::FromRequestParts;
use domain::api_key::Scope;
use http::request::Parts;
use passerelle::web::caller::service_key;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;

use crate::app::App;

/// The service La Coop is registered as.
const COOP: &str = "coop";

/// La Coop, with its key of scope `sync`.
pub(crate) struct CoopCaller;

/// La Coop, or a key of scope `manage`.
pub(crate) struct RunCaller;

impl FromRequestParts<App> for CoopCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = service_key(&parts.headers, &app.keys).await?;
        let is_coop = key.service.as_str() == COOP && key.scope == Scope::Sync;
        if is_coop { Ok(Self) } else { Err(Code::PermissionRefused.into()) }
    }
}

impl FromRequestParts<App> for RunCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let key = service_key(&parts.headers, &app.keys).await?;
        let may = key.scope == Scope::Manage || key.service.as_str() == COOP && key.scope == Scope::Sync;
        if may { Ok(Self) } else { Err(Code::PermissionRefused.into()) }
    }
}
