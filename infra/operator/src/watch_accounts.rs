//! Gives the accounts written by code that knew of no retention their place in the index that retention reads.

use std::io::Write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use clap::Args;
use domain::droits::account::User;
use domain::droits::retention::watched;
use passerelle::store::droits::DroitsStore;
use passerelle::store::droits::keys;
use passerelle::store::error::CommitError;
use passerelle::store::transaction::Transaction;
use uuid::Uuid;

use crate::Failure;
use crate::process::unwritten;

/// Of which table.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct WatchAccounts {
    /// Table of the domain droits.
    #[arg(long, value_name = "TABLE")]
    pub table: String,
}

pub(crate) async fn run(client: Client, asked: WatchAccounts, out: &mut impl Write) -> Result<(), Failure> {
    let count = watch(&client, &asked.table, Utc::now()).await?;
    writeln!(out, "{count} comptes sont désormais suivis").map_err(|error| unwritten(&error))
}

/// Writes every account that has no place in the index once more, and answers how many. One that nobody ever signed in
/// to, and whose creation was not noted, counts as made at `now`. Broken off, once more goes on with it.
///
/// # Errors
/// When the table cannot be read or written.
pub async fn watch(client: &Client, table: &str, now: DateTime<Utc>) -> Result<usize, Failure> {
    let store = DroitsStore::new(client.clone(), table.to_owned());
    let unplaced = client
        .scan()
        .table_name(table)
        .filter_expression("SK = :user AND attribute_not_exists(due)")
        .expression_attribute_values(":user", AttributeValue::S(keys::user(Uuid::nil()).sk))
        .projection_expression("PK");
    let mut pages = unplaced.into_paginator().send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        for item in page.map_err(|error| Failure::of_table(&error))?.items.unwrap_or_default() {
            let id = item.get("PK").and_then(|key| keys::user_of(key.as_s().ok()?));
            let Some(id) = id else { continue };
            match place(&store, id, now).await {
                Ok(()) => count += 1,
                // Somebody signed in meanwhile: that gave it its place.
                Err(CommitError::Race) => {}
                Err(error) => return Err(Failure::of_table(&error)),
            }
        }
    }
    Ok(count)
}

async fn place(store: &DroitsStore, id: Uuid, now: DateTime<Utc>) -> Result<(), CommitError> {
    let Some(stored) = store.user(id).await? else { return Ok(()) };
    let mut user: User = stored.user.clone();
    if watched(&user).is_none() {
        user.created_at = Some(now);
    }
    let mut transaction = Transaction::default();
    store.update_user(&mut transaction, &stored, &user)?;
    store.commit(transaction).await
}
