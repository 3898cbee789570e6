//! Housing, by commune and by id, and how much of it each commune has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::walk::{Page, Place};
use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::droits::perimeter::GeoCode;

/// ZLV's own statuses: 0 to 5.
pub const STATUSES: u8 = 6;

/// A housing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Housing {
    /// Its id.
    pub id: Uuid,
    /// Its commune.
    pub geo_code: GeoCode,
    /// Below [`STATUSES`].
    pub status: u8,
    /// Its owners.
    pub owner_ids: Vec<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    housing: Housing,
    revision: u64,
}

/// How much housing a commune has, by status (`s0` to `s5`).
#[derive(Deserialize)]
struct Count {
    #[serde(rename = "SK")]
    commune: GeoCode,
    #[serde(flatten)]
    by_status: BTreeMap<String, serde_json::Value>,
}

impl Count {
    fn of(&self, statuses: Option<&[u8]>) -> u64 {
        (0..STATUSES)
            .filter(|status| statuses.is_none_or(|wanted| wanted.contains(status)))
            .filter_map(|status| self.by_status.get(&attribute(status))?.as_u64())
            .sum()
    }
}

fn attribute(status: u8) -> String {
    format!("s{status}")
}

impl DroitsStore {
    /// A housing.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn housing(&self, id: Uuid) -> Result<Option<Housing>, StoreError> {
        Ok(self.get::<Stored>(&keys::housing(id)).await?.map(|stored| stored.housing))
    }

    /// The housing of these ids that exists.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn housing_of(&self, ids: &[Uuid]) -> Result<Vec<Housing>, StoreError> {
        let found = self.batch_get(ids.iter().map(|id| keys::housing(*id))).await?;
        found.into_iter().map(|item| Ok(item.read::<Stored>()?.housing)).collect()
    }

    /// A page of the housing of `communes`, of these statuses if any are given.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn housing_page(
        &self,
        communes: &[GeoCode],
        statuses: Option<&[u8]>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Page<Housing>, StoreError> {
        let partitions = communes.iter().map(|commune| keys::housing_partition(*commune)).collect();
        let wanted = |housing: &Housing| statuses.is_none_or(|statuses| statuses.contains(&housing.status));
        self.walk(partitions, after, limit, wanted).await
    }

    /// The communes that have housing of these statuses, and how much: among `communes`, or among all.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn occupied(
        &self,
        communes: Option<&[GeoCode]>,
        statuses: Option<&[u8]>,
    ) -> Result<Vec<(GeoCode, u64)>, StoreError> {
        let counts: Vec<Count> = match communes {
            None => self.whole::<Count>(keys::COUNTS, "").await?.into_iter().map(|(_, count)| count).collect(),
            Some(communes) => {
                let found = self.batch_get(communes.iter().map(|code| keys::count(*code))).await?;
                found.into_iter().map(Item::read).collect::<Result<_, _>>()?
            }
        };
        let occupied = counts.iter().map(|count| (count.commune, count.of(statuses))).filter(|(_, count)| *count > 0);
        Ok(occupied.collect())
    }

    /// Loads a housing, in place of the one with its id: it leaves its former commune, its owners' counts and its
    /// events follow.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody loads the same housing just now.
    pub async fn load_housing(&self, housing: &Housing) -> Result<(), CommitError> {
        let before: Option<Stored> = self.get(&keys::housing(housing.id)).await?;
        let mut transaction = Transaction::default();
        let guard = before.as_ref().map_or(Guard::Absent, |stored| Guard::is("revision", stored.revision));
        let revision = before.as_ref().map_or(0, |stored| stored.revision) + 1;
        let stored = Stored { housing: housing.clone(), revision };
        self.put(&mut transaction, &keys::housing(housing.id), &stored, &guard)?;
        self.put(&mut transaction, &keys::housing_in(housing.geo_code, housing.id), housing, &Guard::None)?;
        let before = before.map(|stored| stored.housing);
        let moved = before.as_ref().map(|before| before.geo_code).filter(|commune| *commune != housing.geo_code);
        if let Some(commune) = moved {
            self.delete(&mut transaction, &keys::housing_in(commune, housing.id), &Guard::None)?;
        }
        self.count_housing(&mut transaction, before.as_ref(), housing)?;
        self.count_owners(&mut transaction, before.as_ref(), housing)?;
        self.commit(transaction).await?;
        if moved.is_some() || before.is_none() {
            self.place_events(housing.id).await?;
        }
        Ok(())
    }

    fn count_housing(
        &self,
        transaction: &mut Transaction,
        before: Option<&Housing>,
        after: &Housing,
    ) -> Result<(), StoreError> {
        let mut changes: BTreeMap<GeoCode, BTreeMap<u8, i64>> = BTreeMap::new();
        for (housing, one) in before.map(|before| (before, -1)).into_iter().chain([(after, 1)]) {
            *changes.entry(housing.geo_code).or_default().entry(housing.status).or_default() += one;
        }
        for (commune, by_status) in changes {
            let mut changed = by_status.into_iter().filter(|(_, change)| *change != 0).peekable();
            if changed.peek().is_none() {
                continue;
            }
            let update = self.update(&keys::count(commune));
            changed
                .fold(update, |update, (status, change)| update.add(&attribute(status), change))
                .within(transaction)?;
        }
        Ok(())
    }
}
