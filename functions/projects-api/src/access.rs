//! Existence (404, 410), then right (403): a handler gets a project only through here.

use passerelle::communs::permission::{Grant, Level};
use passerelle::communs::project::{Project, ProjectId};
use passerelle::people::Person;
use passerelle::store::communs::projects::Stored;
use passerelle::web::problem::{Code, Problem};

use crate::app::App;
use crate::caller::ServiceCaller;
use crate::error::ApiError;

/// A live project, and what guards its next write.
pub(crate) struct Found {
    pub(crate) project: Project,
    pub(crate) revision: u64,
}

/// The project of an id from a path.
///
/// # Errors
/// 404 when there never was one (an id that is no UUID included), 410 when it was deleted.
pub(crate) async fn find(app: &App, id: &str) -> Result<Found, ApiError> {
    let id = ProjectId::parse(id).ok_or(Code::NotFound)?;
    match app.store.project(id).await? {
        Some(Stored::Live { project, revision }) => Ok(Found { project: *project, revision }),
        Some(Stored::Deleted) => Err(Code::Gone.into()),
        None => Err(Code::NotFound.into()),
    }
}

/// The project, if the caller may read it.
pub(crate) async fn readable(app: &App, caller: &ServiceCaller, id: &str) -> Result<Found, ApiError> {
    let found = find(app, id).await?;
    require(app, caller, &found.project, Level::Read).await?;
    Ok(found)
}

/// The project, if the caller may change it.
pub(crate) async fn writable(app: &App, caller: &ServiceCaller, id: &str) -> Result<Found, ApiError> {
    let found = find(app, id).await?;
    require(app, caller, &found.project, Level::Write).await?;
    Ok(found)
}

/// Refuses a caller without the right: with a user, that user's right counts; a `sync` key without one reads
/// everything and writes what concerns its service.
pub(crate) async fn require(
    app: &App,
    caller: &ServiceCaller,
    project: &Project,
    level: Level,
) -> Result<(), ApiError> {
    let allowed = match &caller.user {
        Some(user) => grant(app, &user.person, project.id).await?.allows(level),
        None => level == Level::Read || project.concerns(&caller.service),
    };
    if allowed { Ok(()) } else { Err(refused(level).into()) }
}

/// Refuses a caller that may not manage a project's permissions: its service created it or is linked to it, or the
/// user it names has WRITE.
pub(crate) async fn require_management(app: &App, caller: &ServiceCaller, project: &Project) -> Result<(), ApiError> {
    if project.concerns(&caller.service) {
        return Ok(());
    }
    match &caller.user {
        Some(_) => require(app, caller, project, Level::Write).await,
        None => Err(refused(Level::Write).into()),
    }
}

/// The rights of a person on a project; those found under an older key are moved under the current one on the way.
pub(crate) async fn grant(app: &App, person: &Person, id: ProjectId) -> Result<Grant, ApiError> {
    let held = app.store.grant(person, id).await?;
    if let Err(error) = app.store.rehash_grant(person, id, &held, app.clock.now()).await {
        // The right holds under its old key as well: the next one to see it tries again.
        tracing::warn!(error = %error, "right not re-hashed");
    }
    Ok(held.grant())
}

fn refused(level: Level) -> Problem {
    Problem::new(Code::PermissionRefused).detail(format!("Le droit {} sur ce projet manque.", level.code()))
}
