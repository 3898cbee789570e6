//! Pages that go through several partitions, one after the other, in a stable order.

use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::collections::Kind;
use super::{DroitsStore, keys};
use crate::store::error::StoreError;
use crate::store::item::Item;

/// Partitions asked at the same time.
const AT_ONCE: usize = 8;
/// The fewest items asked of a partition: most are small.
const LEAST: usize = 10;

/// Where a page ended: partition and sort key of its last item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPosition(pub String, pub String);

/// One of the lists that are paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Establishments.
    Establishments,
    /// Localities.
    Localities,
    /// Housing.
    Housing,
    /// Owners.
    Owners,
    /// Campaigns, groups or drafts.
    Collections(Kind),
    /// Events.
    Events,
}

impl ListPosition {
    /// Whether an item of `list` can be there.
    #[must_use]
    pub fn is_of(&self, list: List) -> bool {
        keys::is_place(list, &self.0, &self.1)
    }
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In order, each with its place.
    pub items: Vec<(ListPosition, T)>,
    /// There are more after the last one.
    pub more: bool,
}

struct Answer<T> {
    items: Vec<(ListPosition, T)>,
    unread: bool,
}

impl DroitsStore {
    /// Up to `limit` items that `keep` accepts, of these partitions (sorted here), after `after`. A place in none of the
    /// partitions is no way in: the walk goes on at the next one there is.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub(super) async fn walk<T: DeserializeOwned>(
        &self,
        mut partitions: Vec<String>,
        after: Option<&ListPosition>,
        limit: usize,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, StoreError> {
        partitions.sort_unstable();
        partitions.dedup();
        let start = after.map_or(0, |place| partitions.partition_point(|partition| *partition < place.0));
        let mut items = Vec::new();
        for window in partitions[start..].chunks(AT_ONCE) {
            let asked = (limit + 1).saturating_sub(items.len()).max(LEAST);
            let first = |partition: &String| {
                let from = after.filter(|place| place.0 == *partition).map(|place| place.1.clone());
                self.part(partition.clone(), from, asked)
            };
            for mut answer in try_join_all(window.iter().map(first)).await? {
                loop {
                    let last = answer.items.last().map(|(place, _)| place.clone());
                    items.extend(answer.items.into_iter().filter(|(_, item)| keep(item)));
                    match last {
                        Some(ListPosition(partition, sk)) if answer.unread && items.len() <= limit => {
                            answer = self.part(partition, Some(sk), asked).await?;
                        }
                        _ => break,
                    }
                }
                if items.len() > limit {
                    items.truncate(limit);
                    return Ok(Page { items, more: true });
                }
            }
        }
        Ok(Page { items, more: false })
    }

    /// Everything in one partition whose sort key begins with `prefix`; all of it when that is empty.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub(super) async fn whole<T: DeserializeOwned>(
        &self,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let items = self.query(partition).prefix(prefix).all().await?;
        items.into_iter().map(|item| Ok((item.sk().to_owned(), item.read()?))).collect()
    }

    async fn part<T: DeserializeOwned>(
        &self,
        partition: String,
        after: Option<String>,
        limit: usize,
    ) -> Result<Answer<T>, StoreError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let page = self.query(&partition).after(after).page(limit).await?;
        let place = |item: &Item| ListPosition(partition.clone(), item.sk().to_owned());
        let items = page.items.into_iter().map(|item| Ok((place(&item), item.read()?)));
        Ok(Answer { items: items.collect::<Result<_, StoreError>>()?, unread: page.more })
    }
}
