//! Who calls: a service with a key of scope `manage`, or a person with an access token.

use axum::extract::FromRequestParts;
use domain::api_key::Scope;
use domain::droits::account::{Establishment, Role, visible_communes};
use domain::droits::perimeter::GeoCode;
use domain::droits::suspension::banner;
use http::request::Parts;
use passerelle::identity::access_token;
use passerelle::store::droits::StoredUser;
use passerelle::web::caller::{service_key, token};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::json;
use uuid::Uuid;

use crate::app::App;

/// A service whose key has scope `manage`.
pub(crate) struct ManageCaller;

/// A person who signed in; suspended, maybe.
pub(crate) struct UserCaller {
    pub(crate) stored: StoredUser,
    pub(crate) establishment: Uuid,
}

/// A person who may see data, and the communes they see.
pub(crate) struct DataCaller {
    pub(crate) role: Role,
    pub(crate) establishment: Establishment,
    pub(crate) communes: Vec<GeoCode>,
}

impl FromRequestParts<App> for ManageCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match service_key(&parts.headers, &app.keys).await?.scope {
            Scope::Manage => Ok(Self),
            Scope::Projects | Scope::Sync => Err(Code::ScopeRefused.into()),
        }
    }
}

impl FromRequestParts<App> for UserCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.tokens.keep_fresh().await;
        let token = token(&parts.headers)?;
        let claims =
            access_token::verified(token, &app.tokens.current(), app.clock.now()).ok_or(Code::Unauthenticated)?;
        let stored = app.store.user(claims.sub).await?.ok_or(Code::Unauthenticated)?;
        if stored.user.deleted_at.is_some() {
            return Err(Code::Unauthenticated.into());
        }
        Ok(Self { stored, establishment: claims.establishment_id })
    }
}

impl FromRequestParts<App> for DataCaller {
    type Rejection = ApiError;

    /// The establishment is the token's; role, suspension, membership and perimeter are what is stored now.
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let UserCaller { stored, establishment } = UserCaller::from_request_parts(parts, app).await?;
        let user = stored.user;
        if user.suspension.is_some() {
            let causes = banner(user.suspension.as_ref(), None);
            return Err(Problem::new(Code::UserSuspended).member("causes", json!(causes)).into());
        }
        let standing = app.store.standing(user.id, establishment).await?;
        if !standing.member && user.role != Role::Admin {
            return Err(Code::Unauthenticated.into());
        }
        let establishment = standing.establishment.ok_or(Code::Unauthenticated)?;
        let communes = visible_communes(user.role, &establishment, standing.perimeter.as_ref());
        Ok(Self { role: user.role, establishment, communes })
    }
}
