//! One conditional `TransactWriteItems`: everything a request changes, together or not at all.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use serde::Serialize;

use super::schema;
use super::table::{ItemKey, Table};
use crate::store::error::{CommitError, StoreError};

/// The writes of one transaction.
#[derive(Default)]
pub struct Transaction {
    items: Vec<TransactWriteItem>,
}

/// What must hold for a write, or the whole transaction is a race lost.
pub(crate) enum Guard {
    /// The item must not exist yet.
    Absent,
    /// The item must not exist, or have expired at this epoch second.
    AbsentOrExpired(AttributeValue),
    /// An attribute must still have the value that was read.
    Unchanged(&'static str, AttributeValue),
    /// The item must exist.
    Present,
    /// Nothing: the write is right whatever is there.
    None,
}

impl Guard {
    fn expression(&self) -> Option<String> {
        match self {
            Self::Absent => Some("attribute_not_exists(PK)".to_owned()),
            Self::AbsentOrExpired(_) => Some("attribute_not_exists(PK) OR expiresAt <= :expected".to_owned()),
            Self::Present => Some("attribute_exists(PK)".to_owned()),
            Self::Unchanged(..) => Some("#guarded = :expected".to_owned()),
            Self::None => None,
        }
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        match self {
            Self::Unchanged(name, _) => Some(HashMap::from([("#guarded".to_owned(), (*name).to_owned())])),
            _ => None,
        }
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        match self {
            Self::AbsentOrExpired(value) | Self::Unchanged(_, value) => {
                Some(HashMap::from([(":expected".to_owned(), value.clone())]))
            }
            _ => None,
        }
    }
}

impl Table {
    /// Commits `transaction`.
    ///
    /// # Errors
    /// [`CommitError::Race`] when a guard no longer holds or another transaction was under way.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), CommitError> {
        self.client
            .transact_write_items()
            .set_transact_items(Some(transaction.items))
            .send()
            .await
            .map_err(CommitError::of_transaction)?;
        Ok(())
    }

    /// Adds a whole item.
    pub(crate) fn put<T: Serialize>(
        &self,
        transaction: &mut Transaction,
        key: &ItemKey,
        item: &T,
        guard: &Guard,
    ) -> Result<(), StoreError> {
        let mut attributes: HashMap<String, AttributeValue> = schema::write(item)?;
        attributes.extend(key.to_attributes());
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(attributes))
            .set_condition_expression(guard.expression())
            .set_expression_attribute_names(guard.names())
            .set_expression_attribute_values(guard.values())
            .build()?;
        transaction.items.push(TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Adds the deletion of an item.
    pub(crate) fn delete(&self, transaction: &mut Transaction, key: &ItemKey, guard: &Guard) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .set_condition_expression(guard.expression())
            .set_expression_attribute_names(guard.names())
            .set_expression_attribute_values(guard.values())
            .build()?;
        transaction.items.push(TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    /// Adds an update by expression.
    pub(crate) fn update(
        &self,
        transaction: &mut Transaction,
        key: &ItemKey,
        expression: &str,
        condition: Option<&str>,
        names: &[(&str, &str)],
        values: Vec<(&str, AttributeValue)>,
    ) -> Result<(), StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .update_expression(expression)
            .set_condition_expression(condition.map(str::to_owned));
        for (placeholder, name) in names {
            update = update.expression_attribute_names(*placeholder, *name);
        }
        for (placeholder, value) in values {
            update = update.expression_attribute_values(placeholder, value);
        }
        transaction.items.push(TransactWriteItem::builder().update(update.build()?).build());
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
}
