//! The sparse index of what is due, and leases on it.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::CommunsStore;
use super::keys;
use crate::store::error::{CommitError, StoreError};
use crate::store::table::ItemKey;
use domain::instant;

/// Something that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which item.
    pub key: ItemKey,
    /// Since when: moved forward by whoever takes it.
    pub due_at: DateTime<Utc>,
}

impl CommunsStore {
    /// Up to `limit` items of one partition of the index that are due at `now`, the oldest first.
    pub(super) async fn due(&self, partition: &str, now: DateTime<Utc>, limit: i32) -> Result<Vec<Due>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(keys::DUE)
            .key_condition_expression("due = :partition AND dueAt <= :now")
            .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(instant::text(now)))
            .limit(limit)
            .send()
            .await
            .map_err(StoreError::aws("Query"))?;
        let read = |item: super::Item| {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
            let key = ItemKey { pk: text("PK")?, sk: text("SK")? };
            Some(Due { key, due_at: instant::parse(&text("dueAt")?)? })
        };
        Ok(answer.items.unwrap_or_default().into_iter().filter_map(read).collect())
    }

    /// Moves what is due at `from` to `until`, unless it has been dealt with or taken meanwhile.
    pub(super) async fn lease(
        &self,
        key: &ItemKey,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .update_expression("SET dueAt = :until")
            .condition_expression("dueAt = :from")
            .expression_attribute_values(":from", AttributeValue::S(instant::text(from)))
            .expression_attribute_values(":until", AttributeValue::S(instant::text(until)))
            .send()
            .await
            .map_err(CommitError::of_write("UpdateItem"))?;
        Ok(())
    }
}
