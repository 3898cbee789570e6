//! Who made which version: found from the person, as rights are, and never shown to services.
//!
//! The history of a version keeps the keyed hash of the user in whose name it was made. Nobody changes a project without
//! a right on it, and what is stored of a right stays until the person is erased: it leads to what they changed.

use super::projects::{HistoryEntry, HistoryItem};
use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::{StoreError, unless_raced};
use crate::store::guard::Guard;
use domain::communs::event::EventId;
use domain::communs::project::ProjectId;

/// The attribute of a history item that holds the person's hash.
pub(super) const PERSON: &str = "person";
/// Versions read at a time.
const PER_PAGE: i32 = 100;

/// A version of a project, as erasure meets it.
#[derive(Clone, Debug)]
pub struct MadeVersion {
    /// Which.
    pub number: u64,
    /// What tells of it.
    pub event: EventId,
    /// The user in whose name it was made.
    pub author: Option<PersonHash>,
}

impl CommunsStore {
    /// The versions of a project made in the name of a person, oldest first.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn versions_by(&self, person: &Person, project: ProjectId) -> Result<Vec<HistoryEntry>, StoreError> {
        let (mut made, mut after) = (Vec::new(), 0);
        loop {
            let page = self.history_after(project, after, PER_PAGE).await?;
            let Some(last) = page.last() else { return Ok(made) };
            after = last.entry.version;
            let of_person = |item: &HistoryItem| item.person.as_ref().is_some_and(|author| person.is(author));
            made.extend(page.into_iter().filter(of_person).map(|item| item.entry));
        }
    }

    /// The projects on which a person has or had a right, in order of creation, after one of them, at most `limit`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn projects_of(
        &self,
        person: &Person,
        after: Option<ProjectId>,
        limit: usize,
    ) -> Result<Vec<ProjectId>, StoreError> {
        let mut projects = Vec::new();
        for hash in person.hashes() {
            let page = self.granted_projects(hash, after, i32::try_from(limit).unwrap_or(i32::MAX)).await?;
            projects.extend(page.into_iter().map(|(project, _)| project));
        }
        projects.sort();
        projects.dedup();
        projects.truncate(limit);
        Ok(projects)
    }

    /// Sees to it that a change decided before now loses its race: it is decided again, on the rights there are then.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn outdate_decisions(&self, project: ProjectId) -> Result<(), StoreError> {
        let head = self.update(&keys::head(project)).add("revision", 1);
        unless_raced(head.when(Guard::Present).send().await)?;
        Ok(())
    }

    /// Takes a person out of the history of a version.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn forget_author(&self, project: ProjectId, version: u64, author: &PersonHash) -> Result<(), StoreError> {
        let history = self.update(&keys::history(project, version)).remove(PERSON);
        unless_raced(history.when(Guard::is(PERSON, author.as_str())).send().await)?;
        Ok(())
    }

    /// Moves what a person made of a project from older keys under the current one.
    pub(super) async fn rehash_author(&self, person: &Person, project: ProjectId) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let page = self.history_after(project, after, PER_PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.entry.version;
            for item in &page {
                let Some(older) = item.person.as_ref().filter(|author| person.older.contains(author)) else { continue };
                let history = self.update(&keys::history(project, item.entry.version));
                let moved = history.set(PERSON, person.current.as_str()).when(Guard::is(PERSON, older.as_str()));
                unless_raced(moved.send().await)?;
            }
        }
    }
}
