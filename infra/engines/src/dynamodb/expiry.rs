//! Time to live: items whose time is over are deleted in slices, between which the calls of others are answered.
//!
//! `dynoxide` sweeps a whole database at a stretch, which stood still for seconds with some ten thousand items. AWS
//! promises no more than "within a few days", so nothing is lost by taking time.

use bytes::Bytes;
use dynoxide::DynoxideError;
use serde_json::{Value, json};

use super::{DynamoDb, Medium};

/// Items looked at in one slice: some milliseconds.
const SLICE: usize = 25;

impl DynamoDb {
    /// Deletes the items whose time to live is over, and says how many.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub(in crate::dynamodb) async fn sweep(&self, now: i64) -> Result<usize, DynoxideError> {
        let tables = self.ask("ListTables", &json!({})).await?;
        let mut removed = 0;
        for table in tables["TableNames"].as_array().into_iter().flatten() {
            let lives = self.ask("DescribeTimeToLive", &json!({"TableName": table})).await?;
            let lives = &lives["TimeToLiveDescription"];
            if lives["TimeToLiveStatus"] == "ENABLED" {
                removed += self.sweep_table(table, &lives["AttributeName"], now).await?;
            }
        }
        Ok(removed)
    }

    async fn sweep_table(&self, table: &Value, attribute: &Value, now: i64) -> Result<usize, DynoxideError> {
        let described = self.ask("DescribeTable", &json!({"TableName": table})).await?;
        let schema = described["Table"]["KeySchema"].as_array().cloned().unwrap_or_default();
        let keys: Vec<&str> = schema.iter().filter_map(|key| key["AttributeName"].as_str()).collect();
        // A number alone counts; whoever prolongs an item meanwhile keeps it.
        let over = json!({"#ttl": attribute});
        let until = json!({":now": {"N": now.to_string()}});
        let (mut removed, mut after) = (0, Value::Null);
        loop {
            let mut scan = json!({
                "TableName": table, "Limit": SLICE, "FilterExpression": "#ttl <= :now",
                "ExpressionAttributeNames": over, "ExpressionAttributeValues": until,
            });
            if !after.is_null() {
                scan["ExclusiveStartKey"] = after;
            }
            let mut slice = self.ask("Scan", &scan).await?;
            for item in slice["Items"].as_array().into_iter().flatten() {
                let key: Value = keys.iter().map(|name| ((*name).to_owned(), item[*name].clone())).collect();
                let deletion = json!({
                    "TableName": table, "Key": key, "ConditionExpression": "#ttl <= :now",
                    "ExpressionAttributeNames": over, "ExpressionAttributeValues": until,
                });
                match self.ask("DeleteItem", &deletion).await {
                    Ok(_) => removed += 1,
                    Err(DynoxideError::ConditionalCheckFailedException(..)) => {}
                    Err(error) => return Err(error),
                }
            }
            after = slice["LastEvaluatedKey"].take();
            if after.is_null() {
                return Ok(removed);
            }
            tokio::task::yield_now().await;
        }
    }

    /// One operation, its answer as JSON.
    async fn ask(&self, operation: &'static str, input: &Value) -> Result<Value, DynoxideError> {
        let body = Bytes::from(input.to_string());
        let writes = operation == "DeleteItem";
        let asked = body.clone();
        let answer = self.run(writes, move |database| super::dispatch(database, operation, &asked)).await??;
        if writes && let Medium::Memory(_, indexes) = &self.medium {
            indexes.after(operation, &body, || answer.clone());
        }
        serde_json::from_slice(&answer.body).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    }
}
