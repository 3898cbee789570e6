//! Structures, and the lists that keep them unique.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::StoreError;
use crate::store::schema;
use crate::store::table::{Item, ItemKey};
use crate::store::transaction::{Guard, Transaction};
use domain::coop::structures::{Creation, Known, Question, Sharing, Structure, Trait};

/// Keys of one `BatchGetItem`.
const BATCH: usize = 100;

#[derive(Deserialize)]
struct SharingItem {
    ids: HashSet<Uuid>,
    revision: u64,
}

impl CoopStore {
    /// Answers `questions`: the lists first, then the structures they name, with those of `ids`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn look_up(
        &self,
        questions: &BTreeSet<Question>,
        ids: impl IntoIterator<Item = Uuid>,
    ) -> Result<Known, StoreError> {
        let mut wanted: BTreeSet<Uuid> = ids.into_iter().collect();
        let mut traits: HashMap<ItemKey, &Trait> = HashMap::new();
        for question in questions {
            match question {
                Question::Id(id) => drop(wanted.insert(*id)),
                Question::Sharing(shared) => drop(traits.insert(keys::sharing(shared), shared)),
            }
        }
        let mut known = Known::default();
        // The two readings do not depend on each other; what the lists name beyond them is read after.
        let (lists, structures) = futures_util::try_join!(self.all(traits.keys().cloned()), self.structures(&wanted))?;
        let mut named = BTreeSet::new();
        for item in lists {
            let pk = item.get("PK").and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
            let shared = traits.get(&ItemKey::new(pk, "K"));
            let SharingItem { ids, revision } = schema::read(item)?;
            named.extend(ids.iter().copied().filter(|id| !wanted.contains(id)));
            if let Some(shared) = shared {
                known.sharing.insert((*shared).clone(), Sharing { ids: ids.into_iter().collect(), revision });
            }
        }
        let more = self.structures(&named).await?;
        known.structures = structures.into_iter().chain(more).map(|found| (found.id, found)).collect();
        Ok(known)
    }

    /// The structures of these ids that exist.
    async fn structures(&self, ids: &BTreeSet<Uuid>) -> Result<Vec<Structure>, StoreError> {
        let items = self.all(ids.iter().map(|id| keys::structure(*id))).await?;
        items.into_iter().map(schema::read).collect()
    }

    async fn all(&self, keys: impl Iterator<Item = ItemKey>) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<_> = keys.map(|key| key.to_attributes()).collect();
        let mut items = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(BATCH) {
            items.extend(self.batch_get(chunk.to_vec()).await?);
        }
        Ok(items)
    }

    /// Adds structures to be made, each only if the list it was not found in is still the same.
    ///
    /// # Errors
    /// When one cannot be written as an item.
    pub fn create_structures(&self, transaction: &mut Transaction, created: &[Creation]) -> Result<(), StoreError> {
        let mut lists: BTreeMap<Trait, (HashSet<Uuid>, Option<u64>)> = BTreeMap::new();
        for Creation { structure, unless: (sought, revision) } in created {
            self.put(transaction, &keys::structure(structure.id), structure, &Guard::Absent)?;
            for shared in structure.traits() {
                let expected = (shared == *sought).then_some(*revision);
                let list = lists.entry(shared).or_default();
                list.0.insert(structure.id);
                list.1 = list.1.or(expected);
            }
        }
        for (shared, (ids, expected)) in lists {
            let mut values = vec![
                (":ids", AttributeValue::Ss(ids.iter().map(Uuid::to_string).collect())),
                (":one", AttributeValue::N("1".to_owned())),
            ];
            let condition = match expected {
                None => None,
                Some(0) => Some("attribute_not_exists(PK)"),
                Some(revision) => {
                    values.push((":seen", AttributeValue::N(revision.to_string())));
                    Some("revision = :seen")
                }
            };
            let key = keys::sharing(&shared);
            self.update(transaction, &key, "ADD ids :ids, revision :one", condition, &[], values)?;
        }
        Ok(())
    }

    /// Adds a structure as it is, found by their traits from then on: for data brought from elsewhere.
    ///
    /// # Errors
    /// When one cannot be written as an item.
    pub fn load_structure(&self, transaction: &mut Transaction, structure: &Structure) -> Result<(), StoreError> {
        self.put(transaction, &keys::structure(structure.id), structure, &Guard::None)?;
        for shared in structure.traits() {
            let values = vec![
                (":ids", AttributeValue::Ss(vec![structure.id.to_string()])),
                (":one", AttributeValue::N("1".to_owned())),
            ];
            self.update(transaction, &keys::sharing(&shared), "ADD ids :ids, revision :one", None, &[], values)?;
        }
        Ok(())
    }

    /// Undoes the deletion of a structure.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn undelete_structure(&self, transaction: &mut Transaction, id: Uuid) -> Result<(), StoreError> {
        let (expression, condition) = ("SET suppression = :none", Some("attribute_exists(PK)"));
        let values = vec![(":none", AttributeValue::Null(true))];
        self.update(transaction, &keys::structure(id), expression, condition, &[], values)
    }
}
