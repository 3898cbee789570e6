//! API keys of services: found by their hash; two active ones per service and scope, so that they can be rotated.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CommunsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::api_key::{KeyHash, NewApiKey, Scope, Service};
use domain::instant;

/// How many keys of one scope a service may have at a time.
pub const SLOTS: u8 = 2;

/// What an API key opens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The service that holds it.
    pub service: Service,
    /// What it opens.
    pub scope: Scope,
    /// When it was issued.
    #[serde(with = "instant")]
    pub created_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct SlotItem {
    hash: String,
}

/// Why a key was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The service has two active keys of that scope: revoke one first.
    #[error("deux clés sont déjà actives pour ce service et cette portée : révoquez-en une d'abord")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl CommunsStore {
    /// What the key of this hash opens; `None` when it is unknown or revoked.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn api_key(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        self.get(&keys::api_key(hash)).await
    }

    /// Stores a new key, in a free slot of its service and scope.
    ///
    /// # Errors
    /// [`IssueError::TooMany`] when two are active.
    pub async fn issue_key(
        &self,
        key: &NewApiKey,
        service: &Service,
        scope: Scope,
        now: DateTime<Utc>,
    ) -> Result<(), IssueError> {
        for slot in 0..SLOTS {
            let mut transaction = Transaction::default();
            let hash = SlotItem { hash: key.hash.as_str().to_owned() };
            let record = ApiKey { service: service.clone(), scope, created_at: now };
            self.put(&mut transaction, &keys::api_key_slot(service, scope, slot), &hash, &Guard::Absent)
                .and_then(|()| self.put(&mut transaction, &keys::api_key(&key.hash), &record, &Guard::Absent))
                .map_err(CommitError::from)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Race) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IssueError::TooMany)
    }

    /// The active keys of a service and scope, by their hashes.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn keys_of(&self, service: &Service, scope: Scope) -> Result<Vec<(KeyHash, ApiKey)>, StoreError> {
        let mut found = Vec::new();
        for slot in 0..SLOTS {
            let held: Option<SlotItem> = self.get(&keys::api_key_slot(service, scope, slot)).await?;
            let Some(hash) = held.and_then(|held| KeyHash::parse(&held.hash)) else { continue };
            if let Some(key) = self.api_key(&hash).await? {
                found.push((hash, key));
            }
        }
        Ok(found)
    }

    /// Whether a service has a key to work with the communs.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn is_known_service(&self, service: &Service) -> Result<bool, StoreError> {
        for scope in [Scope::Projects, Scope::Sync] {
            if !self.keys_of(service, scope).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Revokes the key of this hash: it opens nothing any more, and its slot is free. Whether there was one.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn revoke_key(&self, hash: &KeyHash) -> Result<bool, CommitError> {
        let Some(key) = self.api_key(hash).await? else { return Ok(false) };
        let mut transaction = Transaction::default();
        for slot in 0..SLOTS {
            let slot = keys::api_key_slot(&key.service, key.scope, slot);
            let held: Option<SlotItem> = self.get(&slot).await?;
            if held.is_some_and(|held| held.hash == hash.as_str()) {
                self.delete(&mut transaction, &slot, &Guard::Present)?;
            }
        }
        self.delete(&mut transaction, &keys::api_key(hash), &Guard::Present)?;
        self.commit(transaction).await?;
        Ok(true)
    }
}
