//! Copies a table that AWS restored, beside it, into the table of a deployment (docs/procedures/restore.md).
//!
//! DynamoDB restores into a new table only, and the functions know the one of their stack. Who was erased since the
//! backup is never written: the register of the erased is the deployment's own. Stopped at any point, the same command
//! takes it up again; it ends only once nobody was erased while it copied.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use passerelle::platform::clock::Clock;
use passerelle::platform::secrets::{KeyRing, RotatingKeys};
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::backup::{Forgotten, Judgement, erased_since};
use passerelle::store::communs::erased::ErasedPerson;
use passerelle::store::communs::keys::ERASED;

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
    /// The secret with the keys people are hashed under, for the table of the communs.
    #[arg(long, value_name = "SECRET")]
    pub email_hmac_secret: Option<String>,
}

/// Writes under way at a time.
const AT_ONCE: usize = 32;

/// By how much the clocks of AWS and of the functions may differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(5);

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Items read.
    pub read: usize,
    /// Of these, items written.
    pub written: usize,
    /// Of those read, items that held something of people erased since the backup, and were written without it or not at
    /// all.
    pub erased: usize,
}

type Item = HashMap<String, AttributeValue>;

pub(crate) async fn run(sdk: &SdkConfig, asked: &CopyTable, out: &mut impl Write) -> Result<(), Failure> {
    let keys = match &asked.email_hmac_secret {
        Some(secret) => {
            let secrets = aws_sdk_secretsmanager::Client::new(sdk);
            let ring = RotatingKeys::load(secrets, secret.clone(), Clock::system()).await;
            Some(ring.map_err(|error| Failure::Unexpected(format!("secret illisible : {error}")))?.current())
        }
        None => None,
    };
    let Copied { read, written, erased } = copy(&Client::new(sdk), asked, keys.as_deref()).await?;
    writeln!(out, "{read} éléments lus, {written} écrits ; les autres étaient déjà là et sont laissés tels quels")
        .and_then(|()| match erased {
            0 => Ok(()),
            _ => writeln!(out, "dont {erased} qui parlaient de personnes effacées depuis : caviardés ou écartés"),
        })
        .map_err(|error| unwritten(&error))
}

/// Copies what the destination has not, or everything, without the people who were erased since.
///
/// # Errors
/// When a table cannot be read or written, or people erased since cannot be recognised with these `keys`.
pub async fn copy(client: &Client, asked: &CopyTable, keys: Option<&KeyRing>) -> Result<Copied, Failure> {
    let copy = Copy { client, asked, keys, restored_at: restored_at(client, &asked.from).await? };
    let then = copy.register(&asked.from).await?;
    let mut now = copy.known(&then).await?;
    let mut copied = copy.pass(&erased_since(&now, &then), asked.overwrite).await?;
    loop {
        let later = copy.known(&then).await?;
        if later == now {
            return Ok(copied);
        }
        // Somebody was erased meanwhile, and may have been copied before: once more, for those.
        now = later;
        let again = copy.pass(&erased_since(&now, &then), false).await?;
        copied = Copied { written: copied.written + again.written, ..again };
    }
}

/// Since when somebody may have copied items of a restored table.
async fn restored_at(client: &Client, table: &str) -> Result<DateTime<Utc>, Failure> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| Failure::of_table(&error))?.table;
    let created = described.and_then(|table| table.creation_date_time).map(|instant| instant.secs());
    Ok(created.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default() - CLOCKS_DIFFER)
}

struct Copy<'a> {
    client: &'a Client,
    asked: &'a CopyTable,
    keys: Option<&'a KeyRing>,
    restored_at: DateTime<Utc>,
}

/// Who is not to come back.
struct People<'a> {
    /// Whoever was erased since the backup.
    all: Forgotten<'a>,
    /// Of these, who may have been copied before they were erased: by a pass before this one. Who was erased earlier and
    /// came back of their own will is left alone.
    lately: Forgotten<'a>,
}

impl Copy<'_> {
    async fn register(&self, table: &str) -> Result<Vec<ErasedPerson>, Failure> {
        let store = CommunsStore::new(self.client.clone(), table.to_owned());
        store.erased_people().await.map_err(|error| Failure::of_table(&error))
    }

    /// Everybody whom the deployment knows to be erased, or the backup where the deployment has lost its register.
    async fn known(&self, then: &[ErasedPerson]) -> Result<Vec<ErasedPerson>, Failure> {
        let by_hash = |person: &ErasedPerson| (person.hashes.clone(), person.clone());
        let mut known: BTreeMap<_, _> = then.iter().map(by_hash).collect();
        known.extend(self.register(&self.asked.to).await?.iter().map(by_hash));
        Ok(known.into_values().collect())
    }

    /// Goes through the restored table once.
    async fn pass(&self, erased: &[ErasedPerson], overwrite: bool) -> Result<Copied, Failure> {
        self.must_recognise(erased)?;
        let people = People {
            all: Forgotten::new(erased, self.keys),
            lately: Forgotten::new(erased.iter().filter(|person| person.at >= self.restored_at), self.keys),
        };
        let mut pages = self.client.scan().table_name(&self.asked.from).into_paginator().send();
        let mut copied = Copied::default();
        while let Some(page) = pages.next().await {
            let items = page.map_err(|error| Failure::of_table(&error))?.items.unwrap_or_default();
            copied.read += items.len();
            let writes = items.into_iter().map(|item| self.copy_one(item, &people, overwrite));
            let add = async |sum: Copied, one: Copied| {
                Ok(Copied { written: sum.written + one.written, erased: sum.erased + one.erased, ..sum })
            };
            copied = stream::iter(writes).buffer_unordered(AT_ONCE).try_fold(copied, add).await?;
        }
        Ok(copied)
    }

    /// Refuses to go on when the e-mail of one of these people would not be recognised.
    fn must_recognise(&self, erased: &[ErasedPerson]) -> Result<(), Failure> {
        let recognised = |person: &&ErasedPerson| {
            self.keys.is_some_and(|keys| person.hashes.iter().any(|hash| keys.has(hash.key_id())))
        };
        let unknown = erased.iter().filter(|person| !recognised(person)).count();
        match (unknown, self.keys) {
            (0, _) => Ok(()),
            (_, None) => Err(Failure::Arguments(format!(
                "{unknown} personnes effacées depuis cette sauvegarde : --email-hmac-secret est nécessaire"
            ))),
            (_, Some(_)) => Err(Failure::Arguments(format!(
                "{unknown} personnes effacées sous des clés que le secret n'a plus : les y remettre d'abord, en dernier"
            ))),
        }
    }

    /// Copies one item, without the people erased.
    async fn copy_one(&self, mut item: Item, people: &People<'_>, overwrite: bool) -> Result<Copied, Failure> {
        // The register of the deployment is newer.
        let overwrite = overwrite && item.get("PK").and_then(|pk| pk.as_s().ok()).is_none_or(|pk| pk != ERASED);
        let key = key_of(&item);
        let written = match judge(&people.all, &item)? {
            Judgement::Keep => {
                return Ok(Copied { written: self.put(item, overwrite).await?, ..Copied::default() });
            }
            Judgement::Drop => 0,
            Judgement::Redact(attribute, value) => {
                item.insert(attribute.to_owned(), value);
                self.put(item, overwrite).await?
            }
        };
        self.erase_again(&key, &people.lately).await?;
        Ok(Copied { read: 0, written, erased: 1 })
    }

    /// Writes an item; how many were.
    async fn put(&self, item: Item, overwrite: bool) -> Result<usize, Failure> {
        let put = self.client.put_item().table_name(&self.asked.to).set_item(Some(item));
        let put = if overwrite { put } else { put.condition_expression("attribute_not_exists(PK)") };
        Ok(usize::from(unless_refused(put.send().await.map_err(aws_sdk_dynamodb::Error::from))?))
    }

    /// Takes people out of an item that may have been copied with them.
    async fn erase_again(&self, key: &Item, people: &Forgotten<'_>) -> Result<(), Failure> {
        while !people.is_empty() {
            let get =
                self.client.get_item().table_name(&self.asked.to).set_key(Some(key.clone())).consistent_read(true);
            let Some(item) = get.send().await.map_err(|error| Failure::of_table(&error))?.item else { break };
            let settled = match judge(people, &item)? {
                Judgement::Keep => true,
                Judgement::Drop => {
                    let delete = self.client.delete_item().table_name(&self.asked.to).set_key(Some(key.clone()));
                    delete.send().await.map_err(|error| Failure::of_table(&error))?;
                    true
                }
                // Unless it has changed meanwhile.
                Judgement::Redact(attribute, value) => {
                    let update = self.client.update_item().table_name(&self.asked.to).set_key(Some(key.clone()));
                    let update = update
                        .update_expression("SET #it = :new")
                        .condition_expression("#it = :old")
                        .expression_attribute_names("#it", attribute)
                        .expression_attribute_values(":new", value)
                        .expression_attribute_values(":old", item[attribute].clone());
                    unless_refused(update.send().await.map_err(aws_sdk_dynamodb::Error::from))?
                }
            };
            if settled {
                break;
            }
        }
        Ok(())
    }
}

fn judge(people: &Forgotten<'_>, item: &Item) -> Result<Judgement, Failure> {
    people.judge(item).map_err(|error| Failure::of_table(&error))
}

fn key_of(item: &Item) -> Item {
    ["PK", "SK"].into_iter().filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect()
}

/// Whether a write was made: its condition may not have held.
fn unless_refused<T>(written: Result<T, aws_sdk_dynamodb::Error>) -> Result<bool, Failure> {
    match written {
        Ok(_) => Ok(true),
        Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)) => Ok(false),
        Err(error) => Err(Failure::of_table(&error)),
    }
}
