//! Owners, seen through their housing.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::walk::{ListPosition, Page};
use super::{DroitsStore, keys};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::droits::perimeter::GeoCode;

/// An owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub full_name: String,
}

/// How much housing an owner has in a commune.
#[derive(Deserialize)]
struct Count {
    housing: i64,
}

impl DroitsStore {
    /// An owner, whoever may see it.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn owner(&self, id: Uuid) -> Result<Option<Owner>, StoreError> {
        self.get(&keys::owner(id)).await
    }

    /// Loads an owner.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_owner(&self, transaction: &mut Transaction, owner: &Owner) -> Result<(), StoreError> {
        self.put(transaction, &keys::owner(owner.id), owner, &Guard::None)
    }

    /// The communes in which an owner has housing.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn communes_of_owner(&self, id: Uuid) -> Result<Vec<GeoCode>, StoreError> {
        let counts = self.whole::<Count>(&keys::owner_partition(id), keys::OWNER_COMMUNE).await?;
        let held = counts.iter().filter(|(_, count)| count.housing > 0);
        Ok(held.filter_map(|(sk, _)| keys::commune_of_owner(sk)).collect())
    }

    /// A page of the owners of housing in `communes`, each once: an owner with housing in several of them is listed in
    /// the first by code.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn owners_page(
        &self,
        communes: &[GeoCode],
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Page<Owner>, StoreError> {
        let mut place = after.cloned();
        let mut items: Vec<(ListPosition, Owner)> = Vec::new();
        loop {
            let partitions = communes.iter().map(|commune| keys::owners_partition(*commune)).collect();
            let page = self.walk::<Count>(partitions, place.as_ref(), limit, |count| count.housing > 0).await?;
            for (at, _) in &page.items {
                if let Some(owner) = self.first_seen(at, communes).await? {
                    items.push((at.clone(), owner));
                }
            }
            if items.len() > limit {
                items.truncate(limit);
                return Ok(Page { items, more: true });
            }
            match page.items.into_iter().next_back() {
                Some((last, _)) if page.more => place = Some(last),
                _ => return Ok(Page { items, more: false }),
            }
        }
    }

    /// The owner at this place of the lists by commune, if this commune is the first of those seen that has it.
    async fn first_seen(&self, at: &ListPosition, communes: &[GeoCode]) -> Result<Option<Owner>, StoreError> {
        let Ok(id) = at.1.parse::<Uuid>() else { return Ok(None) };
        let (has, owner) = futures_util::try_join!(self.communes_of_owner(id), self.owner(id))?;
        let first = has.into_iter().filter(|commune| communes.contains(commune)).min();
        Ok(owner.filter(|_| first.is_some_and(|first| keys::owners_partition(first) == at.0)))
    }
}
