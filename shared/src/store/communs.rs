//! `CommunsTable`: projects, rights, events, webhooks and their deliveries.
//!
//! | item | PK | SK | written by |
//! |---|---|---|---|
//! | project, or its tombstone | `P#<id>` | `HEAD` | every change, conditional on `revision` |
//! | further département of a project | `P#<id>` | `T#<département>` | creation, change of territory |
//! | history of one version | `P#<id>` | `H#<version>` | every new version |
//! | external id | `X#<service>#<external id>` | `X` | creation, link |
//! | right of a person, or that there was one | `U#<key id>#<hash>` | `P#<project>` | grants, porteur |
//! | trace of a kept answer | `U#<key id>#<hash>` | `I#<service>#<sha256>` | the record it leads to, expires with it |
//! | person erased | `ERASED` | `<key id>#<hash>` | `POST /people/erase`, expires after 400 days |
//! | event | `EV#<shard>` | `<event id>` | every change, expires after 90 days |
//! | webhook | `WEBHOOKS` | `<service>#<id>` | its service |
//! | number of webhooks | `WEBHOOKS#<service>` | `COUNT` | with each webhook |
//! | delivery | `W#<webhook id>` | `D#<event id>` | fan-out, expires after 90 days |
//! | pings of a webhook | `W#<webhook id>` | `PINGS` | `POST .../test`, expires in minutes |
//! | deleted webhook being purged | `PURGES` | `<webhook id>` | its deletion, for a quarter of an hour |
//! | API key | `K#<sha256>` | `K` | operators |
//! | API key slot | `S#<service>` | `<scope>#<0 or 1>` | operators: two active keys |
//! | idempotency record | `I#<service>#<sha256>` | `I` | `POST /projects`, expires after 24 h |
//!
//! Index `due` is sparse: events committed but not sent (`E#<shard>`), deliveries waiting for a retry
//! (`R#<webhook id>`), deleted webhooks to be purged (`PURGES`), by `dueAt`. Index `all` lists live projects, `territory` those of a département.

pub mod api_keys;
pub mod authors;
pub mod backup;
pub mod deliveries;
pub mod delivery_facts;
pub mod due;
pub mod erased;
pub mod erasure;
pub mod events;
pub mod grants;
pub mod idempotency;
pub mod keys;
pub mod lists;
pub mod opening;
pub mod projects;
pub mod purges;
pub mod webhooks;

use std::ops::Deref;

use aws_sdk_dynamodb::Client;

use super::table::Table;

/// The table of the communs domain.
#[derive(Clone, Debug)]
pub struct CommunsStore(Table);

impl CommunsStore {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self(Table::new(client, table))
    }
}

impl Deref for CommunsStore {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}
