//! Who calls, examined in the order of the contract: key (401), scope (403), user header (400).
//!
//! Each kind of route asks for its own extractor, so that an examination cannot be forgotten.

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use passerelle::auth::{KeyHash, Scope, Service, bearer};
use passerelle::people::Person;
use passerelle::reference::email::Email;
use passerelle::web::problem::Code;

use crate::app::App;
use crate::error::ApiError;

/// The header in which a service names its user.
const USER_EMAIL: &str = "x-user-email";

/// A service whose key opens the route, and the user it names, if any.
pub(crate) struct ServiceCaller {
    pub(crate) service: Service,
    pub(crate) scope: Scope,
    pub(crate) user: Option<User>,
}

/// The user a service acts for.
pub(crate) struct User {
    pub(crate) person: Person,
}

/// A caller of a project route: it names a user, or its key has scope `sync`.
pub(crate) struct ProjectCaller(pub(crate) ServiceCaller);

/// A caller whose key has scope `sync`.
pub(crate) struct SyncCaller(pub(crate) ServiceCaller);

impl FromRequestParts<App> for ServiceCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = authenticate(parts, app).await?;
        match caller.scope {
            Scope::Projects | Scope::Sync => caller.with_user(parts, app),
            Scope::Manage => Err(Code::ScopeRefused.into()),
        }
    }
}

impl FromRequestParts<App> for ProjectCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = ServiceCaller::from_request_parts(parts, app).await?;
        if caller.user.is_none() && caller.scope != Scope::Sync {
            return Err(Code::UserEmailRequired.into());
        }
        Ok(Self(caller))
    }
}

impl FromRequestParts<App> for SyncCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = authenticate(parts, app).await?;
        match caller.scope {
            Scope::Sync => caller.with_user(parts, app).map(Self),
            Scope::Projects | Scope::Manage => Err(Code::ScopeRefused.into()),
        }
    }
}

async fn authenticate(parts: &Parts, app: &App) -> Result<ServiceCaller, ApiError> {
    // Every request begins here: what follows uses the keys at hand.
    futures_util::join!(app.people.keep_fresh(), app.sealing.keep_fresh());
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Code::Unauthenticated.into());
    };
    let key = value.to_str().ok().and_then(bearer).ok_or(Code::Unauthenticated)?;
    let known = app.store.api_key(&KeyHash::of(key)).await?.ok_or(Code::Unauthenticated)?;
    Ok(ServiceCaller { service: known.service, scope: known.scope, user: None })
}

impl ServiceCaller {
    fn with_user(mut self, parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(USER_EMAIL).iter();
        self.user = match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => {
                // The header may hold letters beyond ASCII, as UTF-8.
                let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Code::UserEmailInvalid)?;
                let email = Email::parse(text).map_err(|_| Code::UserEmailInvalid)?;
                Some(User { person: app.person(&email) })
            }
            (Some(_), Some(_)) => return Err(Code::UserEmailInvalid.into()),
        };
        Ok(self)
    }
}
