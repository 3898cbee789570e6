//! Rights of people on projects, found by the keyed hash of their e-mail.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::communs::permission::Grant;
use domain::communs::project::ProjectId;

#[derive(Serialize, Deserialize)]
struct GrantItem {
    #[serde(flatten)]
    grant: Grant,
    /// Both rights in one text, so that one condition guards both.
    state: String,
}

/// The rights of one person on one project as stored, maybe under several keys.
#[derive(Clone, Debug, Default)]
pub struct StoredRights {
    records: Vec<(PersonHash, Grant)>,
}

impl StoredRights {
    /// What counts.
    #[must_use]
    pub fn grant(&self) -> Grant {
        self.records.iter().fold(Grant::default(), |all, (_, grant)| all.merged(*grant))
    }

    /// Adds what is stored under one hash of the person.
    pub(super) fn add(&mut self, hash: &PersonHash, grant: Grant) {
        self.records.push((hash.clone(), grant));
    }

    /// Whether something is stored under another key than the current one.
    #[must_use]
    pub fn is_outdated(&self, person: &Person) -> bool {
        self.records.iter().any(|(hash, _)| *hash != person.current)
    }
}

impl CommunsStore {
    /// The rights of `person` on one project.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn grant(&self, person: &Person, id: ProjectId) -> Result<StoredRights, StoreError> {
        let mut found = self.grants(person, &[id]).await?;
        Ok(found.remove(&id).unwrap_or_default())
    }

    /// The rights of `person` on up to 100 projects; projects without any are left out.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn grants(
        &self,
        person: &Person,
        ids: &[ProjectId],
    ) -> Result<HashMap<ProjectId, StoredRights>, StoreError> {
        let mut found: HashMap<ProjectId, StoredRights> = HashMap::new();
        for hash in person.hashes() {
            for item in self.batch_get(ids.iter().map(|id| keys::grant(hash, *id))).await? {
                if let Some(id) = keys::project_of(item.sk()) {
                    found.entry(id).or_default().add(hash, read(item)?);
                }
            }
        }
        Ok(found)
    }

    /// Adds the change of a person's rights from `rights` to `wanted`. What was stored under an older key moves under
    /// the current one; nothing is written when nothing changes. A right that ends leaves its record, by which what the
    /// person changed is found.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn set_grant(
        &self,
        transaction: &mut Transaction,
        person: &Person,
        id: ProjectId,
        rights: &StoredRights,
        wanted: Grant,
    ) -> Result<(), StoreError> {
        let mut current = None;
        for (hash, grant) in &rights.records {
            if *hash == person.current {
                current = Some(*grant);
            } else {
                self.delete(transaction, &keys::grant(hash, id), &guard(Some(*grant)))?;
            }
        }
        if current.unwrap_or_default() == wanted && (current.is_some() || rights.records.is_empty()) {
            return Ok(());
        }
        let item = GrantItem { grant: wanted, state: state(wanted) };
        self.put(transaction, &keys::grant(&person.current, id), &item, &guard(current))
    }

    /// Moves what is stored of a person under an older key to the current one, when there is any: rights are re-hashed
    /// when they are seen.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody was faster, which is as good.
    pub async fn rehash_grant(&self, person: &Person, id: ProjectId, rights: &StoredRights) -> Result<(), CommitError> {
        if !rights.is_outdated(person) {
            return Ok(());
        }
        // First what the person made: the right, moved last, brings whoever sees it back here.
        self.rehash_author(person, id).await?;
        let mut transaction = Transaction::default();
        self.set_grant(&mut transaction, person, id, rights, rights.grant())?;
        self.commit(transaction).await
    }

    /// The projects of a person, in order of creation, after `after`: at most `limit` with their rights, which may be
    /// none where only a trace is left.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn granted_projects(
        &self,
        hash: &PersonHash,
        after: Option<ProjectId>,
        limit: i32,
    ) -> Result<Vec<(ProjectId, Grant)>, StoreError> {
        let query = self.query(keys::person_partition(hash)).prefix(keys::PROJECT_PREFIX);
        let page = query.after(after.map(keys::project_partition)).page(limit).await?;
        let mut granted = Vec::with_capacity(page.items.len());
        for item in page.items {
            if let Some(id) = keys::project_of(item.sk()) {
                granted.push((id, read(item)?));
            }
        }
        Ok(granted)
    }
}

/// The rights in an item.
pub(super) fn read(item: Item) -> Result<Grant, StoreError> {
    Ok(item.read::<GrantItem>()?.grant)
}

fn guard(stored: Option<Grant>) -> Guard {
    match stored {
        Some(grant) => Guard::is("state", state(grant)),
        None => Guard::Absent,
    }
}

fn state(grant: Grant) -> String {
    let explicit = grant.explicit.map_or("-", domain::communs::permission::Level::code);
    let porteur = if grant.porteur { "+porteur" } else { "" };
    format!("{explicit}{porteur}{}", if grant.former_porteur { "+ancien" } else { "" })
}
