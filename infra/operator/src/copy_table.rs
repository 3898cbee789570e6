//! Copies a table that AWS restored, beside it, into the table of a deployment (docs/procedures/restore.md).
//!
//! DynamoDB restores into a new table only, and the functions know the one of their stack.

use std::io::Write;

use aws_sdk_dynamodb::Client;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::Failure;
use crate::process::unwritten;

/// From where to where.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct CopyTable {
    /// The restored table.
    #[arg(long, value_name = "TABLE")]
    pub from: String,
    /// The table of the deployment.
    #[arg(long, value_name = "TABLE")]
    pub to: String,
    /// Also replace what is there.
    #[arg(long)]
    pub overwrite: bool,
}

/// Writes under way at a time.
const AT_ONCE: usize = 32;

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Items read.
    pub read: usize,
    /// Of these, items written.
    pub written: usize,
}

pub(crate) async fn run(client: &Client, asked: &CopyTable, out: &mut impl Write) -> Result<(), Failure> {
    let Copied { read, written } = copy(client, asked).await?;
    let kept = read - written;
    writeln!(out, "{read} éléments lus, {written} écrits, {kept} déjà là et laissés tels quels")
        .map_err(|error| unwritten(&error))
}

/// Copies what the destination has not, or everything.
///
/// # Errors
/// When a table cannot be read or written.
pub async fn copy(client: &Client, asked: &CopyTable) -> Result<Copied, Failure> {
    let mut pages = client.scan().table_name(&asked.from).into_paginator().send();
    let mut copied = Copied::default();
    while let Some(page) = pages.next().await {
        let items = page.map_err(|error| Failure::of_table(&error))?.items.unwrap_or_default();
        copied.read += items.len();
        let writes = items.into_iter().map(|item| async move {
            let put = client.put_item().table_name(&asked.to).set_item(Some(item));
            let put = if asked.overwrite { put } else { put.condition_expression("attribute_not_exists(PK)") };
            match put.send().await.map_err(aws_sdk_dynamodb::Error::from) {
                Ok(_) => Ok(1),
                Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)) => Ok(0),
                Err(error) => Err(Failure::of_table(&error)),
            }
        });
        copied.written +=
            stream::iter(writes).buffer_unordered(AT_ONCE).try_fold(0, async |sum, one| Ok(sum + one)).await?;
    }
    Ok(copied)
}
