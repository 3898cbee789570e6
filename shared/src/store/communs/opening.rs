//! What a request about one project needs first, read in one call: the API key, the project, the user's rights.

use super::api_keys::ApiKey;
use super::grants::{self, StoredRights};
use super::keys;
use super::projects::{self, ProjectReader, Stored};
use crate::identity::person_hash::Person;
use crate::store::error::StoreError;
use domain::api_key::KeyHash;
use domain::communs::project::ProjectId;

/// The first facts of a request.
#[derive(Debug, Default)]
pub struct Opening {
    /// What the key opens; `None` when it is unknown.
    pub key: Option<ApiKey>,
    /// The project asked for, its tombstone, or `None` when there never was one.
    pub project: Option<Stored>,
    /// The user's rights on it.
    pub rights: StoredRights,
}

impl ProjectReader {
    /// Reads the key of this hash and, where the request names them, the project and the user's rights on it.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn open(
        &self,
        key: &KeyHash,
        project: Option<ProjectId>,
        person: Option<&Person>,
    ) -> Result<Opening, StoreError> {
        let api_key = keys::api_key(key);
        let Some(id) = project else {
            return Ok(Opening { key: self.0.get(&api_key).await?, ..Opening::default() });
        };
        let head = keys::head(id);
        let rights = person.into_iter().flat_map(Person::hashes).map(|hash| (hash, keys::grant(hash, id)));
        let rights: Vec<_> = rights.collect();
        let wanted = [&api_key, &head].into_iter().chain(rights.iter().map(|(_, key)| key));
        let mut opening = Opening::default();
        for item in self.0.batch_get(wanted.cloned()).await? {
            let key = item.key();
            if key == api_key {
                opening.key = Some(item.read()?);
            } else if key == head {
                opening.project = Some(projects::stored(item)?);
            } else if let Some((hash, _)) = rights.iter().find(|(_, right)| *right == key) {
                opening.rights.add(hash, grants::read(item)?);
            }
        }
        Ok(opening)
    }
}
