//! Copies a table that AWS restored, beside it, into the table of a deployment (docs/procedures/restore.md).
//!
//! DynamoDB restores into a new table only, and the functions know the one of their stack.

use std::io::Write;

use aws_sdk_dynamodb::Client;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::arguments::CopyTable;
use super::{Failure, table_failure};

/// Writes under way at a time.
const AT_ONCE: usize = 32;

/// Items read, and of these written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Copied {
    read: usize,
    written: usize,
}

/// Copies, and says how many items there were.
pub(super) async fn copy_table(asked: CopyTable) -> Result<(), Failure> {
    let sdk = passerelle::platform::aws::load().await;
    let Copied { read, written } = copy(&Client::new(&sdk), &asked).await?;
    let kept = read - written;
    writeln!(std::io::stdout(), "{read} éléments lus, {written} écrits, {kept} déjà là et laissés tels quels")
        .map_err(|error| Failure::Unexpected(format!("écriture impossible : {error}")))
}

async fn copy(client: &Client, asked: &CopyTable) -> Result<Copied, Failure> {
    let mut pages = client.scan().table_name(&asked.from).into_paginator().send();
    let mut copied = Copied::default();
    while let Some(page) = pages.next().await {
        let items = page.map_err(|error| table_failure(&error))?.items.unwrap_or_default();
        copied.read += items.len();
        let writes = items.into_iter().map(|item| async move {
            let put = client.put_item().table_name(&asked.to).set_item(Some(item));
            let put = if asked.overwrite { put } else { put.condition_expression("attribute_not_exists(PK)") };
            match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
                Ok(_) => Ok(1),
                Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)) => Ok(0),
                Err(error) => Err(table_failure(&error)),
            }
        });
        copied.written +=
            stream::iter(writes).buffer_unordered(AT_ONCE).try_fold(0, async |sum, one| Ok(sum + one)).await?;
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use passerelle::platform::clock::Clock;

    use super::*;
    use crate::stack::{Stack, StackOptions};
    use engines::Storage;

    async fn put(client: &Client, table: &str, id: u32, value: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = client.put_item().table_name(table).item("PK", text(&format!("P#{id}"))).item("SK", text("P"));
        put.item("valeur", text(value)).send().await.unwrap();
    }

    async fn values(client: &Client, table: &str) -> Vec<String> {
        let items = client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default();
        let mut values: Vec<String> = items.iter().map(|item| item["valeur"].as_s().unwrap().clone()).collect();
        values.sort();
        values
    }

    /// The tables of two domains have the same keys: one stands in for what AWS restored.
    #[tokio::test]
    async fn what_is_missing_comes_back_and_what_is_there_stays_unless_asked() {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        let client = Client::new(stack.sdk());
        let (from, to) = ("CoopTable", "CommunsTable");
        for id in 0..50 {
            put(&client, from, id, "avant").await;
        }
        put(&client, to, 7, "après").await;
        let asked = |overwrite| CopyTable { from: from.to_owned(), to: to.to_owned(), overwrite };
        assert_eq!(copy(&client, &asked(false)).await.unwrap(), Copied { read: 50, written: 49 });
        assert!(values(&client, to).await.contains(&"après".to_owned()));
        assert_eq!(copy(&client, &asked(false)).await.unwrap(), Copied { read: 50, written: 0 });
        assert_eq!(copy(&client, &asked(true)).await.unwrap(), Copied { read: 50, written: 50 });
        assert_eq!(values(&client, to).await, values(&client, from).await);
        let nowhere = CopyTable { from: "Nulle".to_owned(), ..asked(false) };
        assert!(copy(&client, &nowhere).await.unwrap_err().to_string().starts_with("table inaccessible"));
    }
}
