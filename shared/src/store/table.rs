//! One table of DynamoDB, as every domain's store uses it: typed keys, reads that are strongly consistent, writes
//! that are conditional. Queries, updates and readings of many items have files of their own beside this one.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{CommitError, StoreError};
use super::guard::{Guard, Terms};
use super::item::{Attributes, Item, ItemKey};
use super::patience::{item_put_off, persist};
use super::schema;

/// The attribute that says by which write an item is as it is.
pub(super) const WRITE_ID: &str = "writeId";

/// The id of a new write.
pub(super) fn write_id() -> AttributeValue {
    AttributeValue::S(format!("{:016x}", rand::random::<u64>()))
}

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
    ///
    /// When the answer is lost the SDK sends the write again, whose condition then fails because of the first: each
    /// write has an id, by which it knows its own.
    pub(crate) async fn put_now(&self, key: &ItemKey, item: &impl Serialize, guard: &Guard) -> Result<(), CommitError> {
        let mut terms = Terms::default();
        let condition = guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        let id = write_id();
        let mut attributes = with_key(key, item)?;
        attributes.insert(WRITE_ID.to_owned(), id.clone());
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(attributes))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = persist(item_put_off, || put.clone().send()).await else { return Ok(()) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed))
                if failed.item().and_then(|item| item.get(WRITE_ID)) == Some(&id) =>
            {
                Ok(())
            }
            _ => Err(CommitError::of_write("PutItem")(error)),
        }
    }

    /// Deletes one item, there or not.
    pub(crate) async fn delete_now(&self, key: &ItemKey) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key.to_attributes()));
        let sent = persist(item_put_off, || delete.clone().send()).await;
        sent.map(drop).map_err(StoreError::aws("DeleteItem"))
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
