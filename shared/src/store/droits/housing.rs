//! Housing, by commune and by id, and how much of it each commune has.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::walk::{ListPosition, Page};
use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::droits::perimeter::GeoCode;

/// ZLV's own statuses: 0 to 5.
pub const STATUSES: u8 = 6;
/// What DynamoDB takes in one transaction.
const MAX_WRITES: usize = 100;
/// The most housing of one transaction: each is two writes at least.
const READ_TOGETHER: usize = MAX_WRITES / 2;
/// Housing whose events are placed at the same time.
const AT_ONCE: usize = 8;

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
        after: Option<&ListPosition>,
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

    /// Loads as much of `batch` as fits one transaction, the first at least, each in place of the one with its id, and
    /// answers how many: a housing leaves its former commune, its owners' counts and its events follow. No housing
    /// stands twice in `batch`.
    ///
    /// Counts are written once a transaction, however much housing of a commune is in it. Events are placed afterwards,
    /// whatever was there before: loading again heals what a crash left between the two.
    ///
    /// # Errors
    /// [`CommitError::Race`] when somebody loads the same housing, or housing of the same commune, just now.
    pub async fn load_housing(&self, batch: &[Housing]) -> Result<usize, CommitError> {
        let batch = &batch[..batch.len().min(READ_TOGETHER)];
        let mut before: HashMap<Uuid, Stored> = HashMap::new();
        for item in self.batch_get(batch.iter().map(|housing| keys::housing(housing.id))).await? {
            let stored: Stored = item.read()?;
            before.insert(stored.housing.id, stored);
        }
        let mut changes: Vec<Change<'_>> = Vec::new();
        for after in batch {
            changes.push(Change { before: before.remove(&after.id), after });
            if changes.len() > 1 && writes(&changes) > MAX_WRITES {
                changes.pop();
                break;
            }
        }
        let mut transaction = Transaction::default();
        for Change { before, after } in &changes {
            let guard = before.as_ref().map_or(Guard::Absent, |stored| Guard::is("revision", stored.revision));
            let revision = before.as_ref().map_or(0, |stored| stored.revision) + 1;
            let stored = Stored { housing: (*after).clone(), revision };
            self.put(&mut transaction, &keys::housing(after.id), &stored, &guard)?;
            self.put(&mut transaction, &keys::housing_in(after.geo_code, after.id), after, &Guard::None)?;
        }
        for (commune, id) in changes.iter().filter_map(Change::left) {
            self.delete(&mut transaction, &keys::housing_in(commune, id), &Guard::None)?;
        }
        for (commune, by_status) in count_changes(&changes) {
            let update = self.update(&keys::count(commune));
            by_status
                .into_iter()
                .fold(update, |update, (status, change)| update.add(&attribute(status), change))
                .within(&mut transaction)?;
        }
        for ((owner, commune), change) in owner_changes(&changes) {
            for key in [keys::owner_commune(owner, commune), keys::owner_in(commune, owner)] {
                self.update(&key).add("housing", change).within(&mut transaction)?;
            }
        }
        self.commit(transaction).await?;
        let placed = changes.iter().map(|change| self.place_events(change.after.id));
        futures_util::stream::iter(placed.map(Ok)).try_for_each_concurrent(AT_ONCE, |placed| placed).await?;
        Ok(changes.len())
    }
}

/// A housing that is loaded, and what it replaces.
struct Change<'a> {
    before: Option<Stored>,
    after: &'a Housing,
}

impl Change<'_> {
    /// The commune it leaves, if it does.
    fn left(&self) -> Option<(GeoCode, Uuid)> {
        let before = self.before.as_ref()?.housing.geo_code;
        (before != self.after.geo_code).then_some((before, self.after.id))
    }

    /// What is counted less, and what is counted more.
    fn counted(&self) -> impl Iterator<Item = (&Housing, i64)> {
        let before = self.before.as_ref().map(|stored| (&stored.housing, -1));
        before.into_iter().chain([(self.after, 1)])
    }
}

/// By how much the counts of communes change, by status.
fn count_changes(changes: &[Change<'_>]) -> BTreeMap<GeoCode, BTreeMap<u8, i64>> {
    let mut counts: BTreeMap<GeoCode, BTreeMap<u8, i64>> = BTreeMap::new();
    for (housing, one) in changes.iter().flat_map(Change::counted) {
        *counts.entry(housing.geo_code).or_default().entry(housing.status).or_default() += one;
    }
    for by_status in counts.values_mut() {
        by_status.retain(|_, change| *change != 0);
    }
    counts.retain(|_, by_status| !by_status.is_empty());
    counts
}

/// By how much the counts of owners in communes change.
fn owner_changes(changes: &[Change<'_>]) -> BTreeMap<(Uuid, GeoCode), i64> {
    let mut counts: BTreeMap<(Uuid, GeoCode), i64> = BTreeMap::new();
    for (housing, one) in changes.iter().flat_map(Change::counted) {
        for owner in &housing.owner_ids {
            *counts.entry((*owner, housing.geo_code)).or_default() += one;
        }
    }
    counts.retain(|_, change| *change != 0);
    counts
}

/// How many writes these changes are.
fn writes(changes: &[Change<'_>]) -> usize {
    let left = changes.iter().filter_map(Change::left).count();
    2 * changes.len() + left + count_changes(changes).len() + 2 * owner_changes(changes).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn housing(id: u128, commune: &str, owners: std::ops::Range<u128>) -> Housing {
        Housing {
            id: Uuid::from_u128(id),
            geo_code: GeoCode::parse(commune).unwrap(),
            status: 1,
            owner_ids: owners.map(Uuid::from_u128).collect(),
        }
    }

    #[test]
    fn a_commune_is_counted_once_however_much_of_it_is_loaded() {
        let loaded: Vec<Housing> = (0..40).map(|id| housing(id, "67482", 0..1)).collect();
        let changes: Vec<Change<'_>> = loaded.iter().map(|after| Change { before: None, after }).collect();
        assert_eq!(count_changes(&changes), BTreeMap::from([(loaded[0].geo_code, BTreeMap::from([(1, 40)]))]));
        assert_eq!(writes(&changes), 2 * 40 + 1 + 2);
    }

    #[test]
    fn the_largest_change_of_one_housing_fits_a_transaction() {
        let (before, after) = (housing(1, "67482", 0..20), housing(1, "67447", 20..40));
        let before = Some(Stored { housing: before, revision: 1 });
        assert_eq!(writes(&[Change { before, after: &after }]), 2 + 1 + 2 + 80);
    }

    #[test]
    fn what_does_not_change_is_not_counted() {
        let same = housing(1, "67482", 0..3);
        let before = Some(Stored { housing: same.clone(), revision: 1 });
        assert_eq!(writes(&[Change { before, after: &same }]), 2);
    }
}
