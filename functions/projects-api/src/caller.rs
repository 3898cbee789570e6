//! Who calls, examined in the order of the contract: key (401), scope (403), user header (400).
//!
//! Each kind of route asks for its own extractor, so that an examination cannot be forgotten.

use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams};
use domain::api_key::{KeyHash, Scope, Service};
use domain::communs::project::ProjectId;
use domain::reference::email::Email;
use http::request::Parts;
use passerelle::identity::person_hash::Person;
use passerelle::store::communs::grants::Held;
use passerelle::store::communs::projects::Stored;
use passerelle::web::problem::Code;

use crate::app::App;
use passerelle::web::caller::token;
use passerelle::web::error::ApiError;

/// The header in which a service names its user.
const USER_EMAIL: &str = "x-user-email";

/// A service whose key opens the route, and the user it names, if any.
pub(crate) struct ServiceCaller {
    pub(crate) service: Service,
    pub(crate) scope: Scope,
    pub(crate) user: Option<User>,
    opening: Mutex<Option<ProjectOpening>>,
}

/// The project of the path and the user's rights on it, read together with the key. Taken once: a write that lost a
/// race reads again.
pub(crate) struct ProjectOpening {
    pub(crate) id: ProjectId,
    pub(crate) project: Option<Stored>,
    pub(crate) held: Option<Held>,
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
        authenticate(parts, app, &[Scope::Projects, Scope::Sync]).await
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
        authenticate(parts, app, &[Scope::Sync]).await.map(Self)
    }
}

/// Key, scope (one of `opening_scopes`), user header: examined in this order, whatever was read at once.
async fn authenticate(parts: &mut Parts, app: &App, opening_scopes: &[Scope]) -> Result<ServiceCaller, ApiError> {
    // Every request begins here: what follows uses the keys at hand.
    futures_util::join!(app.people.keep_fresh(), app.sealing.keep_fresh());
    let project = project_of_path(parts, app).await;
    let key = token(&parts.headers)?;
    // A header that is no e-mail is refused below, in its turn.
    let user = user(parts, app);
    let person = user.as_ref().ok().and_then(Option::as_ref).map(|user| &user.person);
    let opening = app.store.open(&KeyHash::of(key), project, person).await?;
    let known = opening.key.ok_or(Code::Unauthenticated)?;
    if !opening_scopes.contains(&known.scope) {
        return Err(Code::ScopeRefused.into());
    }
    let user = user?;
    let held = user.is_some().then_some(opening.held);
    let opening = project.map(|id| ProjectOpening { id, project: opening.project, held });
    Ok(ServiceCaller { service: known.service, scope: known.scope, user, opening: Mutex::new(opening) })
}

/// The project a path is about, if it is about one.
async fn project_of_path(parts: &mut Parts, app: &App) -> Option<ProjectId> {
    let about_one = parts.extensions.get::<MatchedPath>().is_some_and(|path| path.as_str().contains("/projects/{id}"));
    if !about_one {
        return None;
    }
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| ProjectId::parse(id))
}

/// The user the header names.
fn user(parts: &Parts, app: &App) -> Result<Option<User>, Code> {
    let mut values = parts.headers.get_all(USER_EMAIL).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            // The header may hold letters beyond ASCII, as UTF-8.
            let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Code::UserEmailInvalid)?;
            let email = Email::parse(text).map_err(|_| Code::UserEmailInvalid)?;
            Ok(Some(User { person: app.person(&email) }))
        }
        (Some(_), Some(_)) => Err(Code::UserEmailInvalid),
    }
}

impl ServiceCaller {
    /// The service itself, without a user.
    pub(crate) fn of_service(&self) -> Self {
        Self { service: self.service.clone(), scope: self.scope, user: None, opening: Mutex::new(None) }
    }

    /// What was read of a project with the key, the first time it is asked for.
    pub(crate) fn take_opening(&self, id: ProjectId) -> Option<ProjectOpening> {
        let mut opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        opening.take_if(|opening| opening.id == id)
    }
}
