//! Existence (404, 410), then right (403): a handler gets a project only through here.

use domain::communs::permission::{Grant, Level};
use domain::communs::project::{Project, ProjectId};
use passerelle::identity::person_hash::Person;
use passerelle::store::communs::grants::Held;
use passerelle::store::communs::projects::Stored;
use passerelle::web::problem::{Code, Problem};

use crate::app::App;
use crate::caller::ServiceCaller;
use passerelle::web::error::ApiError;

/// A live project, and what guards its next write.
pub(crate) struct Found {
    pub(crate) project: Project,
    pub(crate) revision: u64,
    /// The user's rights, when they were read with it.
    held: Option<Held>,
}

impl Found {
    /// A project read without anybody's rights.
    pub(crate) fn new(project: Project, revision: u64) -> Self {
        Self { project, revision, held: None }
    }
}

/// The project of an id from a path.
///
/// # Errors
/// 404 when there never was one (an id that is no UUID included), 410 when it was deleted.
pub(crate) async fn find(app: &App, caller: &ServiceCaller, id: &str) -> Result<Found, ApiError> {
    let id = ProjectId::parse(id).ok_or(Code::NotFound)?;
    let (stored, held) = match caller.take_opening(id) {
        Some(opening) => (opening.project, opening.held),
        None => (app.store.project(id).await?, None),
    };
    match stored {
        Some(Stored::Live { project, revision }) => Ok(Found { project: *project, revision, held }),
        Some(Stored::Deleted) => Err(Code::Gone.into()),
        None => Err(Code::NotFound.into()),
    }
}

/// The project, if the caller may read it.
pub(crate) async fn readable(app: &App, caller: &ServiceCaller, id: &str) -> Result<Found, ApiError> {
    let found = find(app, caller, id).await?;
    require(app, caller, &found, Level::Read).await?;
    Ok(found)
}

/// The project, if the caller may change it.
pub(crate) async fn writable(app: &App, caller: &ServiceCaller, id: &str) -> Result<Found, ApiError> {
    let found = find(app, caller, id).await?;
    require(app, caller, &found, Level::Write).await?;
    Ok(found)
}

/// Refuses a caller without the right: with a user, that user's right counts; a `sync` key without one reads
/// everything and writes what concerns its service.
pub(crate) async fn require(app: &App, caller: &ServiceCaller, found: &Found, level: Level) -> Result<(), ApiError> {
    let project = &found.project;
    let allowed = match (&caller.user, &found.held) {
        (Some(user), Some(held)) => seen(app, &user.person, project.id, held).await.allows(level),
        (Some(user), None) => grant(app, &user.person, project.id).await?.allows(level),
        (None, _) => level == Level::Read || project.concerns(&caller.service),
    };
    if allowed { Ok(()) } else { Err(refused(level).into()) }
}

/// Refuses a caller that may not manage a project's permissions: its service created it or is linked to it, or the
/// user it names has WRITE.
pub(crate) async fn require_management(app: &App, caller: &ServiceCaller, found: &Found) -> Result<(), ApiError> {
    if found.project.concerns(&caller.service) {
        return Ok(());
    }
    match &caller.user {
        Some(_) => require(app, caller, found, Level::Write).await,
        None => Err(refused(Level::Write).into()),
    }
}

/// The rights of a person on a project.
pub(crate) async fn grant(app: &App, person: &Person, id: ProjectId) -> Result<Grant, ApiError> {
    let held = app.store.grant(person, id).await?;
    Ok(seen(app, person, id, &held).await)
}

/// The rights read; those found under an older key are moved under the current one on the way.
async fn seen(app: &App, person: &Person, id: ProjectId, held: &Held) -> Grant {
    if let Err(error) = app.store.rehash_grant(person, id, held, app.clock.now()).await {
        // The right holds under its old key as well: the next one to see it tries again.
        tracing::warn!(error = %error, "right not re-hashed");
    }
    held.grant()
}

fn refused(level: Level) -> Problem {
    Problem::new(Code::PermissionRefused).detail(format!("Le droit {} sur ce projet manque.", level.code()))
}
