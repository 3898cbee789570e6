//! Campaigns, groups and drafts: what an establishment keeps.

use aws_sdk_dynamodb::primitives::Blob;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::walk::{ListPosition, Page};
use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;

/// Housing ids in one item: sixteen bytes each, far from the 400 KB an item may have.
const CHUNK: usize = 10_000;

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A campaign.
    Campaigns,
    /// A group of housing.
    Groups,
    /// A draft.
    Drafts,
}

impl Kind {
    /// Its name on the wire, in the plural.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Campaigns => "campaigns",
            Self::Groups => "groups",
            Self::Drafts => "drafts",
        }
    }
}

/// A campaign, group or draft, without its housing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub establishment_id: Uuid,
    /// Its title; drafts have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Item {
    #[serde(flatten)]
    collection: Collection,
    chunks: usize,
}

#[derive(Serialize, Deserialize)]
struct Chunk {
    ids: serde_dynamo::AttributeValue,
}

impl DroitsStore {
    /// One of them.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn collection(&self, kind: Kind, id: Uuid) -> Result<Option<Collection>, StoreError> {
        Ok(self.get::<Item>(&keys::collection(kind, id)).await?.map(|item| item.collection))
    }

    /// A page: of these establishments, or of all.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn collections(
        &self,
        kind: Kind,
        establishments: Option<&[Uuid]>,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Page<Collection>, StoreError> {
        let partitions = match establishments {
            Some(ids) => ids.iter().map(|id| keys::collections_of(kind, *id)).collect(),
            None => vec![keys::all_collections(kind)],
        };
        self.walk(partitions, after, limit, |_| true).await
    }

    /// The housing of a campaign or group, in the order loaded; `None`, read no further than that, when it is more
    /// than `limit`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn housing_ids(&self, kind: Kind, id: Uuid, limit: usize) -> Result<Option<Vec<Uuid>>, StoreError> {
        let item: Option<Item> = self.get(&keys::collection(kind, id)).await?;
        // All chunks but the last are full.
        if item.is_some_and(|item| item.chunks.saturating_sub(1) * CHUNK >= limit) {
            return Ok(None);
        }
        let chunks = self.whole::<Chunk>(&keys::collection_partition(kind, id), keys::CHUNK).await?;
        let mut ids = Vec::new();
        for (_, chunk) in chunks {
            if let serde_dynamo::AttributeValue::B(bytes) = chunk.ids {
                ids.extend(bytes.chunks_exact(16).filter_map(|bytes| Uuid::from_slice(bytes).ok()));
            }
        }
        Ok((ids.len() <= limit).then_some(ids))
    }

    /// Loads one, in place of the one with its id.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn load_collection(
        &self,
        kind: Kind,
        collection: &Collection,
        housing: &[Uuid],
    ) -> Result<(), CommitError> {
        let before: Option<Item> = self.get(&keys::collection(kind, collection.id)).await?;
        let (id, establishment) = (collection.id, collection.establishment_id);
        let mut transaction = Transaction::default();
        let chunks = housing.chunks(CHUNK).len();
        let item = Item { collection: collection.clone(), chunks };
        self.put(&mut transaction, &keys::collection(kind, id), &item, &Guard::None)?;
        self.put(&mut transaction, &keys::listed(keys::all_collections(kind), id), collection, &Guard::None)?;
        let own = keys::listed(keys::collections_of(kind, establishment), id);
        self.put(&mut transaction, &own, collection, &Guard::None)?;
        for (number, ids) in housing.chunks(CHUNK).enumerate() {
            let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
            let chunk = Chunk { ids: serde_dynamo::AttributeValue::B(Blob::new(bytes).into_inner()) };
            self.put(&mut transaction, &keys::collection_chunk(kind, id, number), &chunk, &Guard::None)?;
        }
        if let Some(before) = before {
            for number in chunks..before.chunks {
                self.delete(&mut transaction, &keys::collection_chunk(kind, id, number), &Guard::None)?;
            }
            if before.collection.establishment_id != establishment {
                let former = keys::collections_of(kind, before.collection.establishment_id);
                self.delete(&mut transaction, &keys::listed(former, id), &Guard::None)?;
            }
        }
        self.commit(transaction).await?;
        if kind == Kind::Campaigns {
            self.place_events(id).await?;
        }
        Ok(())
    }
}
