//! One table of DynamoDB, as every domain's store uses it: typed keys, reads that are strongly consistent, writes
//! that are conditional. Queries, updates and readings of many items have files of their own beside this one.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{CommitError, StoreError};
use super::guard::{Guard, Terms};
use super::item::{Attributes, Item, ItemKey};
use super::schema;

/// A table, and the client that reaches it.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) client: Client,
    pub(super) table: String,
}

impl Table {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Reads one item, strongly consistent.
    pub(crate) async fn get<T: DeserializeOwned>(&self, key: &ItemKey) -> Result<Option<T>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::aws("GetItem"))?;
        answer.item.map(|item| Item::from(item).read()).transpose()
    }

    /// Writes one whole item, if `guard` holds.
    pub(crate) async fn put_now(&self, key: &ItemKey, item: &impl Serialize, guard: &Guard) -> Result<(), CommitError> {
        let mut terms = Terms::default();
        let condition = guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(with_key(key, item)?))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(CommitError::of_write("PutItem"))?;
        Ok(())
    }

    /// Deletes one item, there or not.
    pub(crate) async fn delete_now(&self, key: &ItemKey) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key.to_attributes()));
        request.send().await.map_err(StoreError::aws("DeleteItem"))?;
        Ok(())
    }
}

/// A whole item as written: what it says, its version and its key.
pub(super) fn with_key(key: &ItemKey, item: &impl Serialize) -> Result<Attributes, StoreError> {
    let mut attributes = schema::write(item)?;
    attributes.extend(key.to_attributes());
    Ok(attributes)
}

/// A value as serde writes it.
pub(crate) fn attribute(value: &impl Serialize) -> Result<AttributeValue, StoreError> {
    Ok(serde_dynamo::to_attribute_value(value)?)
}
