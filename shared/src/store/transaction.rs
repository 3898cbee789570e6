//! One conditional `TransactWriteItems`: everything a request changes, together or not at all.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};
use serde::Serialize;

use super::error::{CommitError, StoreError};
use super::guard::{Guard, Terms};
use super::item::ItemKey;
use super::patience::{persist, transaction_put_off};
use super::table::{Table, with_key};

/// DynamoDB takes this many writes in one transaction.
const WRITES: usize = 100;

/// The writes of one transaction.
#[derive(Default)]
pub struct Transaction {
    items: Vec<TransactWriteItem>,
}

impl Table {
    /// Commits `transaction`, once however often it is sent: its token tells a write whose answer was lost from a new one.
    ///
    /// # Errors
    /// [`CommitError::Race`] when a guard no longer holds or other transactions were under way all the time.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), CommitError> {
        debug_assert!(transaction.len() <= WRITES, "a transaction of {} writes", transaction.len());
        let token = format!("{:032x}", rand::random::<u128>());
        let write =
            self.client.transact_write_items().set_transact_items(Some(transaction.items)).client_request_token(token);
        let sent = persist(transaction_put_off, || write.clone().send()).await;
        sent.map(drop).map_err(CommitError::of_transaction)
    }

    /// Adds a whole item.
    pub(crate) fn put<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        key: &ItemKey,
        item: &T,
        guard: &Guard,
    ) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let condition = guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(with_key(key, item)?))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()?;
        transaction.items.push(TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Adds the deletion of an item.
    pub(crate) fn delete(&self, transaction: &mut Transaction, key: &ItemKey, guard: &Guard) -> Result<(), StoreError> {
        let mut terms = Terms::default();
        let condition = guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .build()?;
        transaction.items.push(TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }
}

impl Transaction {
    /// How many writes it holds; DynamoDB takes 100.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn push_update(&mut self, update: Update) {
        self.items.push(TransactWriteItem::builder().update(update).build());
    }
}
