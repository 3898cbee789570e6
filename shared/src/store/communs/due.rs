//! The sparse index of what is due, and leases on it.

use chrono::{DateTime, Utc};

use super::CommunsStore;
use super::keys;
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::{Item, ItemKey};
use domain::instant;

/// Something that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which item.
    pub key: ItemKey,
    /// Since when: moved forward by whoever takes it.
    pub due_at: DateTime<Utc>,
}

impl CommunsStore {
    /// Up to `limit` items of one partition of the index that are due at `now`, the oldest first.
    pub(super) async fn due(&self, partition: &str, now: DateTime<Utc>, limit: i32) -> Result<Vec<Due>, StoreError> {
        let page = self.query_index(keys::DUE, partition).up_to(instant::text(now)).page(limit).await?;
        let due = |item: &Item| Some(Due { key: item.key(), due_at: instant::parse(item.text(keys::DUE.sort)?)? });
        Ok(page.items.iter().filter_map(due).collect())
    }

    /// Moves what is due at `from` to `until`, unless it has been dealt with or taken meanwhile.
    pub(super) async fn lease(
        &self,
        key: &ItemKey,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        self.update(key).set(keys::DUE.sort, until).when(Guard::is(keys::DUE.sort, from)).once().send().await
    }
}
