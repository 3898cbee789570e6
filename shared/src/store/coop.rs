//! `CoopTable`: users of La Coop, their emplois, roles and places, structures, and nightly runs.
//!
//! | item | PK | SK |
//! |---|---|---|
//! | user, with roles and version (index `all`; `due` once deleted) | `U#<id>` | `U` |
//! | emploi | `U#<id>` | `E#<emploi>` |
//! | place of activity | `U#<id>` | `L#<structure>` |
//! | changes of one synchronisation | `H#<user>` | `<instant>#<id>` |
//! | contact that Brevo has to be told (index `due`) | `B#<user>` | `B` |
//! | what Brevo may have been told of a user | `B#<user>` | `T` |
//! | whose an e-mail is | `M#<hash>` | `M` |
//! | structure | `S#<id>` | `S` |
//! | structures that share a SIRET, or a name, in a commune | `K#<match key>` | `K` |
//! | nightly run | `RUNS` | `<id>` |
//! | user of a run, how they ended | `R#<run>` | `<user>` |
//!
//! What a synchronisation changes of a user is one transaction, conditional on the user's version. The items `K` make
//! structures unique: one is made only if the list it was not found in is still the same.

mod attempts;
mod changes;
mod contacts;
pub mod keys;
mod runs;
mod structures;
mod users;

use std::ops::Deref;

use aws_sdk_dynamodb::Client;

use super::table::Table;

pub use changes::Cursor;
pub use contacts::{DueContact, PendingContact};
pub use runs::{StoredRun, Ticket};
pub use users::{Profile, StoredUser};

/// The table of the coop domain.
#[derive(Clone, Debug)]
pub struct CoopStore(Table);

impl CoopStore {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self(Table::new(client, table))
    }
}

impl Deref for CoopStore {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}
