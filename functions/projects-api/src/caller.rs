//! Who calls, examined in the order of the contract: key (401), scope (403), user header (400).
//!
//! Each kind of route asks for its own extractor, so that an examination cannot be forgotten; a route about one project
//! for one of [`crate::access`].

use std::convert::Infallible;

use axum::extract::{FromRequestParts, OriginalUri};
use domain::api_key::{EXPLOITATION, KeyHash, Scope, Service};
use domain::communs::project::ProjectId;
use domain::reference::email::Email;
use http::request::Parts;
use lambda_http::RequestExt as _;
use passerelle::identity::person_hash::Person;
use passerelle::store::communs::opening::Opening;
use passerelle::web::caller::{note_key, token};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::{NoQuery, Query};
use passerelle::web::problem::Code;
use serde::de::DeserializeOwned;

use crate::app::App;

/// The header in which a service names its user.
const USER_EMAIL: &str = "x-user-email";

/// A service whose key opens the route, and the user it names, if any.
#[derive(Clone)]
pub(crate) struct ServiceCaller {
    pub(crate) service: Service,
    pub(crate) scope: Scope,
    /// The user the service acts for.
    pub(crate) user: Option<Person>,
}

/// A caller of a route about projects: it names a user, or its key has scope `sync`.
pub(crate) struct ProjectCaller(pub(crate) ServiceCaller);

/// Whoever has a key, of any scope.
pub(crate) struct AnyCaller {
    pub(crate) service: Service,
    pub(crate) scope: Scope,
    /// By which logs and operators name the key.
    pub(crate) key_prefix: String,
}

/// A caller whose key has scope `sync`.
pub(crate) struct SyncCaller(pub(crate) ServiceCaller);

/// An operator: the key of scope `manage` of the operators' service. It names who is written down in the audit.
pub(crate) struct OperatorCaller(pub(crate) Service);

impl ServiceCaller {
    /// The service itself, without a user.
    pub(crate) fn without_user(&self) -> Self {
        Self { user: None, ..self.clone() }
    }

    /// # Errors
    /// 400 when neither a user is named nor the key is the service's own.
    pub(crate) fn require_user(&self) -> Result<(), Code> {
        if self.user.is_some() || self.scope == Scope::Sync { Ok(()) } else { Err(Code::UserEmailRequired) }
    }
}

/// A kind of caller.
pub(crate) trait Caller: Sized + Send {
    /// Key, scope, user header.
    fn examine(parts: &Parts, app: &App) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

impl Caller for ServiceCaller {
    async fn examine(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        Ok(authenticate(parts, app, &[Scope::Projects, Scope::Sync], None).await?.0)
    }
}

impl Caller for ProjectCaller {
    async fn examine(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let caller = ServiceCaller::examine(parts, app).await?;
        caller.require_user()?;
        Ok(Self(caller))
    }
}

impl Caller for SyncCaller {
    async fn examine(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        Ok(Self(authenticate(parts, app, &[Scope::Sync], None).await?.0))
    }
}

impl Caller for OperatorCaller {
    async fn examine(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let (caller, _) = authenticate(parts, app, &[Scope::Manage], None).await?;
        if caller.service.as_str() != EXPLOITATION {
            return Err(Code::PermissionRefused.into());
        }
        Ok(Self(caller.service))
    }
}

impl Caller for AnyCaller {
    async fn examine(parts: &Parts, app: &App) -> Result<Self, ApiError> {
        let hash = KeyHash::of(token(&parts.headers)?);
        let key = app.projects.open(&hash, None, None).await?.key.ok_or(Code::Unauthenticated)?;
        note_key(parts, &key, &hash);
        Ok(Self { service: key.service, scope: key.scope, key_prefix: hash.prefix().to_owned() })
    }
}

/// A caller as an extractor takes a request without query parameters: whatever has no use for one refuses it.
macro_rules! without_query {
    ($($caller:ident),+) => {$(
        impl FromRequestParts<App> for $caller {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
                let caller = Self::examine(parts, app).await?;
                let NoQuery = NoQuery::from_request_parts(parts, app).await?;
                Ok(caller)
            }
        }
    )+};
}

without_query!(ServiceCaller, ProjectCaller, SyncCaller, AnyCaller);

/// A caller of a route that takes query parameters, and these.
pub(crate) struct WithQuery<C, Q>(pub(crate) C, pub(crate) Q);

impl<C: Caller, Q: DeserializeOwned + Send> FromRequestParts<App> for WithQuery<C, Q> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = C::examine(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Ok(Self(caller, query))
    }
}

/// The path as it reached us, not decoded by us: by Lambda's event where there is one, which may hold what no URI can.
pub(crate) struct PathAsSent(pub(crate) String);

impl FromRequestParts<App> for PathAsSent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let raw = parts.extensions.raw_http_path();
        let whole = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.0.path());
        Ok(Self(if raw.is_empty() { whole.to_owned() } else { raw.to_owned() }))
    }
}

/// Key, scope (one of `opening_scopes`), user header: examined in this order. The project a route is about, and the
/// user's rights on it, are read in the same call as the key.
///
/// # Errors
/// 401, 403, 400; and whatever the store fails with.
pub(crate) async fn authenticate(
    parts: &Parts,
    app: &App,
    opening_scopes: &[Scope],
    project: Option<ProjectId>,
) -> Result<(ServiceCaller, Opening), ApiError> {
    // Every request begins here: what follows uses the keys at hand.
    futures_util::join!(app.people.keep_fresh(), app.webhooks.sealing.keep_fresh());
    let key = token(&parts.headers)?;
    // A header that is no e-mail is refused below, in its turn.
    let user = user(parts, app);
    let person = user.as_ref().ok().and_then(Option::as_ref);
    let hash = KeyHash::of(key);
    let mut opening = app.projects.open(&hash, project, person).await?;
    let known = opening.key.take().ok_or(Code::Unauthenticated)?;
    note_key(parts, &known, &hash);
    if !opening_scopes.contains(&known.scope) {
        return Err(Code::ScopeRefused.into());
    }
    Ok((ServiceCaller { service: known.service, scope: known.scope, user: user? }, opening))
}

/// The user the header names.
fn user(parts: &Parts, app: &App) -> Result<Option<Person>, Code> {
    let mut values = parts.headers.get_all(USER_EMAIL).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            // The header may hold letters beyond ASCII, as UTF-8.
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Code::UserEmailInvalid)?;
            let email = Email::parse(text).map_err(|_| Code::UserEmailInvalid)?;
            Ok(Some(app.person(&email)))
        }
        (Some(_), Some(_)) => Err(Code::UserEmailInvalid),
    }
}
