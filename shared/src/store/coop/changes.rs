//! The history of a user: the changes of one synchronisation lie in one item.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::StoreError;
use crate::store::schema;
use crate::store::transaction::{Guard, Transaction};
use domain::coop::history::Change;

/// Items read at a time: most hold a few changes, a sweep up to some ninety.
const ITEMS: i32 = 25;

/// Where a page of the history ended: the item, and how many of its changes were shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub String, pub usize);

#[derive(Serialize, Deserialize)]
struct ChangesItem {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Stored {
    #[serde(rename = "SK")]
    sk: String,
    #[serde(flatten)]
    item: ChangesItem,
}

impl CoopStore {
    /// Adds the changes of one synchronisation, if there are any.
    ///
    /// # Errors
    /// When they cannot be written as an item.
    pub fn add_changes(&self, transaction: &mut Transaction, user: Uuid, changes: &[Change]) -> Result<(), StoreError> {
        let Some(first) = changes.first() else { return Ok(()) };
        let item = ChangesItem { changes: changes.to_vec() };
        self.put(transaction, &keys::changes(user, first.at, first.id), &item, &Guard::Absent)
    }

    /// Up to `limit` changes, the newest first, after `after`; and where the next page begins, if there is one.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn changes(
        &self,
        user: Uuid,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<Change>, Option<Cursor>), StoreError> {
        let mut shown: Vec<(Cursor, Change)> = Vec::new();
        // The item a page ended in is read again, for what was not shown of it.
        let mut skipped = after.map_or(0, |Cursor(_, shown)| *shown);
        let mut from = None;
        while shown.len() <= limit {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .expression_attribute_values(":pk", AttributeValue::S(keys::history(user)))
                .scan_index_forward(false)
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .limit(ITEMS);
            query = match after {
                None => query.key_condition_expression("PK = :pk"),
                Some(Cursor(sk, _)) => query
                    .key_condition_expression("PK = :pk AND SK <= :after")
                    .expression_attribute_values(":after", AttributeValue::S(sk.clone())),
            };
            let answer = query.send().await.map_err(StoreError::aws("Query"))?;
            for item in answer.items.unwrap_or_default() {
                let Stored { sk, item } = schema::read(item)?;
                let whole = after.is_none_or(|Cursor(last, _)| *last != sk);
                let skip = if whole { 0 } else { std::mem::take(&mut skipped) };
                let numbered = item.changes.into_iter().enumerate().skip(skip);
                shown.extend(numbered.map(|(rank, change)| (Cursor(sk.clone(), rank + 1), change)));
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        let more = shown.len() > limit;
        shown.truncate(limit);
        let next = shown.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
        Ok((shown.into_iter().map(|(_, change)| change).collect(), next))
    }
}
