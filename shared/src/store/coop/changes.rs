//! The history of a user: the changes of one synchronisation lie in one item.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CoopStore, keys};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
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
        let history = self.query(keys::history(user)).descending();
        let mut query = match after {
            None => history,
            Some(Cursor(sort_key, _)) => history.up_to(sort_key),
        };
        while shown.len() <= limit {
            let page = query.page(ITEMS).await?;
            query = query.before(page.items.last().map(|item| item.sk().to_owned()));
            for item in page.items {
                let sk = item.sk().to_owned();
                let item: ChangesItem = item.read()?;
                let whole = after.is_none_or(|Cursor(last, _)| *last != sk);
                let skip = if whole { 0 } else { std::mem::take(&mut skipped) };
                let numbered = item.changes.into_iter().enumerate().skip(skip);
                shown.extend(numbered.map(|(rank, change)| (Cursor(sk.clone(), rank + 1), change)));
            }
            if !page.more {
                break;
            }
        }
        let more = shown.len() > limit;
        shown.truncate(limit);
        let next = shown.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
        Ok((shown.into_iter().map(|(_, change)| change).collect(), next))
    }
}
