//! Existence (404, 410), then right (403): a handler gets a project only through here.
//!
//! A route about one project takes an extractor named for the right it asks for; what it owns was found and judged. A
//! write that loses a race finds and judges again, in [`ProjectAccess::decide`].

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, RawPathParams};
use domain::api_key::{KeyHash, Scope};
use domain::communs::permission::{Grant, Level};
use domain::communs::project::{Project, ProjectId};
use http::request::Parts;
use passerelle::identity::person_hash::Person;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::grants::StoredRights;
use passerelle::store::communs::opening::Opening;
use passerelle::store::communs::projects::{ProjectReader, Stored};
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::{Code, Problem};

use crate::app::App;
use crate::caller::{ServiceCaller, authenticate};

/// A live project, what guards its next write, and what the caller may do with it.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) project: Project,
    /// Must be unchanged when the next state is written.
    pub(crate) revision: u64,
    /// The level of the user, or of the service when none is named.
    pub(crate) level: Option<Level>,
}

/// A project of the path, and the caller, who has the right of rule `R` on it.
pub(crate) struct ProjectAccess<R> {
    pub(crate) caller: ServiceCaller,
    pub(crate) found: Found,
    projects: Projects,
    rule: PhantomData<R>,
}

/// The project, if the caller may read it.
pub(crate) type ReadableProject = ProjectAccess<Reading>;
/// The project, if the caller may change it.
pub(crate) type WritableProject = ProjectAccess<Writing>;
/// The project, if the caller may manage its permissions.
pub(crate) type ManagedProject = ProjectAccess<Managing>;
/// The project, if the link of the path is the caller's own and the caller may read the project.
pub(crate) type LinkableProject = ProjectAccess<Linking>;
/// The project, if the caller may delete it.
pub(crate) type DeletableProject = ProjectAccess<Deleting>;
/// The project, if the caller may say what a link opens to the linked service.
pub(crate) type OriginatedProject = ProjectAccess<Originating>;
/// The project, whoever calls.
pub(crate) type KnownProject = ProjectAccess<Knowing>;

/// What a caller must be allowed to.
pub(crate) trait Rule: Send + Sync {
    /// Whether a user must be named, unless the key is the service's own.
    const NEEDS_USER: bool;

    /// Refuses a request by what its path says, once the project is known to exist.
    fn judge_path(_: &RawPathParams, _: &ServiceCaller) -> Result<(), Problem> {
        Ok(())
    }

    /// Whether the caller has the right; `level` is that of the user, who has one even if none is named: the service's.
    fn allows(caller: &ServiceCaller, project: &Project, level: Option<Level>) -> Result<(), Level>;
}

pub(crate) struct Reading;
pub(crate) struct Writing;
pub(crate) struct Managing;
pub(crate) struct Linking;
pub(crate) struct Deleting;
pub(crate) struct Originating;
pub(crate) struct Knowing;

impl Rule for Reading {
    const NEEDS_USER: bool = true;

    fn allows(_: &ServiceCaller, _: &Project, level: Option<Level>) -> Result<(), Level> {
        at_least(Level::Read, level)
    }
}

impl Rule for Writing {
    const NEEDS_USER: bool = true;

    fn allows(_: &ServiceCaller, _: &Project, level: Option<Level>) -> Result<(), Level> {
        at_least(Level::Write, level)
    }
}

/// The service created the project or is linked to it as a writer, or the user it names has WRITE.
impl Rule for Managing {
    const NEEDS_USER: bool = false;

    fn allows(caller: &ServiceCaller, project: &Project, level: Option<Level>) -> Result<(), Level> {
        if project.may_be_written_by(&caller.service) { Ok(()) } else { at_least(Level::Write, level) }
    }
}

/// A user with WRITE, or the service that created the project.
impl Rule for Deleting {
    const NEEDS_USER: bool = true;

    fn allows(caller: &ServiceCaller, project: &Project, level: Option<Level>) -> Result<(), Level> {
        if caller.user.is_none() && caller.service != project.origin {
            Err(Level::Write)
        } else {
            at_least(Level::Write, level)
        }
    }
}

/// The service that created the project, or a user with WRITE through it.
impl Rule for Originating {
    const NEEDS_USER: bool = true;

    fn allows(caller: &ServiceCaller, project: &Project, level: Option<Level>) -> Result<(), Level> {
        if caller.service == project.origin { at_least(Level::Write, level) } else { Err(Level::Write) }
    }
}

impl Rule for Linking {
    const NEEDS_USER: bool = true;

    fn judge_path(path: &RawPathParams, caller: &ServiceCaller) -> Result<(), Problem> {
        if parameter(path, "service") == Some(caller.service.as_str()) {
            return Ok(());
        }
        let detail = "Seul le service concerné pose ou retire son lien.";
        Err(Problem::new(Code::PermissionRefused).detail(detail))
    }

    fn allows(caller: &ServiceCaller, project: &Project, level: Option<Level>) -> Result<(), Level> {
        Reading::allows(caller, project, level)
    }
}

impl Rule for Knowing {
    const NEEDS_USER: bool = false;

    fn allows(_: &ServiceCaller, _: &Project, _: Option<Level>) -> Result<(), Level> {
        Ok(())
    }
}

fn at_least(wanted: Level, level: Option<Level>) -> Result<(), Level> {
    if level.is_some_and(|level| level >= wanted) { Ok(()) } else { Err(wanted) }
}

fn parameter<'a>(path: &'a RawPathParams, name: &str) -> Option<&'a str> {
    path.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

impl<R: Rule> FromRequestParts<App> for ProjectAccess<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Code::NotFound)?;
        let id = parameter(&path, "id").and_then(ProjectId::parse);
        let (caller, opening) = authenticate(parts, app, &[Scope::Projects, Scope::Sync], id).await?;
        if R::NEEDS_USER {
            caller.require_user()?;
        }
        let (project, revision) = live(opening.project)?;
        R::judge_path(&path, &caller)?;
        let level = app.projects.require::<R>(&caller, &project, Some(opening.rights)).await?;
        // No route about one project takes parameters.
        let NoQuery = NoQuery::from_request_parts(parts, app).await?;
        let found = Found { project, revision, level };
        Ok(Self { caller, found, projects: app.projects.clone(), rule: PhantomData })
    }
}

impl<R: Rule> ProjectAccess<R> {
    /// Runs `attempt` on the project as it was found, and again, found and judged anew, while its write loses races.
    ///
    /// # Errors
    /// Whatever `attempt` or a new judgement answers.
    pub(crate) async fn decide<T, F>(&self, attempt: impl Fn(Found) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut first = Some(self.found.clone());
        retry_on_conflict(|| {
            let found = first.take();
            let attempt = &attempt;
            async move {
                let found = match found {
                    Some(found) => found,
                    None => self.projects.find::<R>(&self.caller, self.found.project.id).await?,
                };
                attempt(found).await
            }
        })
        .await
    }
}

/// Reads projects for callers who have a right to them.
#[derive(Clone)]
pub(crate) struct Projects {
    reader: ProjectReader,
    store: CommunsStore,
}

impl Projects {
    pub(crate) fn new(store: CommunsStore) -> Self {
        Self { reader: ProjectReader::new(store.clone()), store }
    }

    /// The key, and what a request about one project needs beside it.
    pub(crate) async fn open(
        &self,
        key: &KeyHash,
        project: Option<ProjectId>,
        person: Option<&Person>,
    ) -> Result<Opening, ApiError> {
        Ok(self.reader.open(key, project, person).await?)
    }

    /// The project, if the caller has the right.
    ///
    /// # Errors
    /// 404 when there never was one, 410 when it was deleted, 403.
    pub(crate) async fn find<R: Rule>(&self, caller: &ServiceCaller, id: ProjectId) -> Result<Found, ApiError> {
        let (project, revision) = live(self.reader.project(id).await?)?;
        let level = self.require::<R>(caller, &project, None).await?;
        Ok(Found { project, revision, level })
    }

    /// The project, if there is one, to take a person out of it: the one act that asks for no right.
    pub(crate) async fn find_for_erasure(&self, id: ProjectId) -> Result<Option<Found>, ApiError> {
        let found = live(self.reader.project(id).await?).ok();
        Ok(found.map(|(project, revision)| Found { project, revision, level: None }))
    }

    /// Refuses a caller without the right: with a user, that user's level counts; a `sync` key without one reads
    /// everything, and writes what its service created or is linked to as a writer. `rights` are the user's rights where
    /// they were read already. The level is returned.
    async fn require<R: Rule>(
        &self,
        caller: &ServiceCaller,
        project: &Project,
        rights: Option<StoredRights>,
    ) -> Result<Option<Level>, ApiError> {
        let level = match (&caller.user, rights) {
            (Some(user), Some(rights)) => self.rehash(user, project.id, &rights).await.level(),
            (Some(user), None) => self.grant(user, project.id).await?.level(),
            (None, _) if caller.scope != Scope::Sync => None,
            (None, _) => Some(if project.may_be_written_by(&caller.service) { Level::Write } else { Level::Read }),
        };
        match R::allows(caller, project, level) {
            Ok(()) => Ok(level),
            Err(wanted) => {
                let detail = format!("Le droit {} sur ce projet manque.", wanted.code());
                Err(Problem::new(Code::PermissionRefused).detail(detail).into())
            }
        }
    }

    /// The rights of a person on a project.
    pub(crate) async fn grant(&self, person: &Person, id: ProjectId) -> Result<Grant, ApiError> {
        let rights = self.store.grant(person, id).await?;
        Ok(self.rehash(person, id, &rights).await)
    }

    /// The rights read; those found under an older key are moved under the current one on the way.
    async fn rehash(&self, person: &Person, id: ProjectId, rights: &StoredRights) -> Grant {
        if let Err(error) = self.store.rehash_grant(person, id, rights).await {
            // The right holds under its old key as well: the next one to see it tries again.
            tracing::warn!(error = %error, "right not re-hashed");
        }
        rights.grant()
    }
}

fn live(stored: Option<Stored>) -> Result<(Project, u64), Code> {
    match stored {
        Some(Stored::Live { project, revision }) => Ok((*project, revision)),
        Some(Stored::Deleted) => Err(Code::Gone),
        None => Err(Code::NotFound),
    }
}
