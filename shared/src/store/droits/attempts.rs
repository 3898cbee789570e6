//! Attempts to sign in, counted by the minute; the count survives cold starts.

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};

use super::{DroitsStore, keys};
use crate::store::error::StoreError;

/// How long attempts are counted together.
pub const WINDOW: TimeDelta = TimeDelta::seconds(60);

impl DroitsStore {
    /// Counts one more attempt of `subject` and answers how many there were since its window began.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn count_attempt(&self, subject: &str, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let key = keys::attempts(subject);
        let number = |millis: i64| AttributeValue::N(millis.to_string());
        let counted = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.to_attributes()))
            .update_expression("ADD attempts :one")
            .condition_expression("since > :cutoff")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":cutoff", number((now - WINDOW).timestamp_millis()))
            .return_values(aws_sdk_dynamodb::types::ReturnValue::UpdatedNew)
            .send()
            .await;
        match counted {
            Ok(answer) => {
                let attempts = answer.attributes.as_ref().and_then(|item| item.get("attempts")?.as_n().ok());
                Ok(attempts.and_then(|count| count.parse().ok()).unwrap_or(1))
            }
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                // The first of a new window. Two at once count as one, which does no harm.
                let mut item = key.to_attributes();
                item.insert("since".to_owned(), number(now.timestamp_millis()));
                item.insert("attempts".to_owned(), number(1));
                item.insert("expiresAt".to_owned(), number((now + WINDOW * 2).timestamp()));
                let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
                put.send().await.map_err(StoreError::aws("PutItem"))?;
                Ok(1)
            }
            Err(error) => Err(StoreError::aws("UpdateItem")(error)),
        }
    }
}
