//! Structures, and the lists that keep them unique.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::item::{Item, ItemKey};
use crate::store::transaction::Transaction;
use crate::store::update::Update;
use domain::coop::structures::{Known, Lookup, MatchKey, Matches, NewStructure, Structure};

#[derive(Deserialize)]
struct MatchesItem {
    ids: HashSet<Uuid>,
    revision: u64,
}

impl CoopStore {
    /// Answers `lookups`: the lists first, then the structures they name, with those of `ids`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn look_up(
        &self,
        lookups: &BTreeSet<Lookup>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Known, StoreError> {
        let mut wanted: BTreeSet<Uuid> = ids.into_iter().collect();
        let mut match_keys: HashMap<ItemKey, &MatchKey> = HashMap::new();
        for lookup in lookups {
            match lookup {
                Lookup::Id(id) => drop(wanted.insert(*id)),
                Lookup::Matching(key) => drop(match_keys.insert(keys::matches(key), key)),
            }
        }
        let mut known = Known::default();
        // The two readings do not depend on each other; what the lists name beyond them is read after.
        let (lists, structures) =
            futures_util::try_join!(self.batch_get(match_keys.keys().cloned()), self.structures(&wanted))?;
        let mut named = BTreeSet::new();
        for item in lists {
            let key = match_keys.get(&item.key());
            let MatchesItem { ids, revision } = item.read()?;
            named.extend(ids.iter().copied().filter(|id| !wanted.contains(id)));
            if let Some(key) = key {
                known.matches.insert((*key).clone(), Matches { ids: ids.into_iter().collect(), revision });
            }
        }
        let more = self.structures(&named).await?;
        known.structures = structures.into_iter().chain(more).map(|found| (found.id, found)).collect();
        Ok(known)
    }

    /// The structures of these ids that exist.
    async fn structures(&self, ids: &BTreeSet<Uuid>) -> Result<Vec<Structure>, StoreError> {
        let items = self.batch_get(ids.iter().map(|id| keys::structure(*id))).await?;
        items.into_iter().map(Item::read).collect()
    }

    /// Adds structures to be made, each only if the list it was not found in is still the same.
    ///
    /// # Errors
    /// When one cannot be written as an item.
    pub fn create_structures(&self, transaction: &mut Transaction, created: &[NewStructure]) -> Result<(), StoreError> {
        let mut lists: BTreeMap<MatchKey, (HashSet<Uuid>, Option<u64>)> = BTreeMap::new();
        for NewStructure { structure, searched, revision } in created {
            self.put(transaction, &keys::structure(structure.id), structure, &Guard::Absent)?;
            for key in structure.match_keys() {
                let expected = (key == *searched).then_some(*revision);
                let list = lists.entry(key).or_default();
                list.0.insert(structure.id);
                list.1 = list.1.or(expected);
            }
        }
        for (key, (ids, expected)) in lists {
            let unchanged = match expected {
                None => Guard::None,
                Some(0) => Guard::Absent,
                Some(revision) => Guard::is("revision", revision),
            };
            self.add_matches(&key, &ids).when(unchanged).within(transaction)?;
        }
        Ok(())
    }

    /// Adds a structure as it is, found by its keys from then on: for data brought from elsewhere.
    ///
    /// # Errors
    /// When one cannot be written as an item.
    pub fn load_structure(&self, transaction: &mut Transaction, structure: &Structure) -> Result<(), StoreError> {
        self.put(transaction, &keys::structure(structure.id), structure, &Guard::None)?;
        for key in structure.match_keys() {
            self.add_matches(&key, &HashSet::from([structure.id])).within(transaction)?;
        }
        Ok(())
    }

    /// Adds structures to a list, which is another one from then on.
    fn add_matches(&self, key: &MatchKey, ids: &HashSet<Uuid>) -> Update<'_> {
        self.update(&keys::matches(key)).add("ids", ids).add("revision", 1)
    }

    /// Undoes the deletion of a structure.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn undelete_structure(&self, transaction: &mut Transaction, id: Uuid) -> Result<(), StoreError> {
        let update = self.update(&keys::structure(id)).set("suppression", None::<&str>);
        update.when(Guard::Present).within(transaction)
    }
}
