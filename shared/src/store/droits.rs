//! `DroitsTable`: people, establishments, rights as last checked, and the data they open.
//!
//! | item | PK | SK |
//! |---|---|---|
//! | user, with password hash and version (index `due`) | `U#<id>` | `U` |
//! | membership | `U#<id>` | `M#<establishment>` |
//! | perimeter of a user in an establishment | `U#<id>` | `P#<establishment>` |
//! | second factor under way | `U#<id>` | `2FA` |
//! | account that ended, of which more is to be erased (index `due`) | `U#<id>` | `X` |
//! | e-mail of a user | `E#<e-mail>` | `E` |
//! | prospect | `PR#<e-mail>` | `PR` |
//! | establishment | `EST#<id>` | `E` |
//! | its name and SIREN, for lists | `ESTS` | `<id>` |
//! | its SIREN | `SIREN#<siren>` | `<id>` |
//! | attempts of a minute | `A#<HMAC>` | `<minute>` |
//! | link sent by mail, by the hash of its token | `L#<sha256>` | `L` |
//! | mail to send (index `due`) | `MAIL#<id>` | `MAIL` |
//! | locality | `LOCS` | `<commune>` |
//! | housing, by id | `HI#<id>` | `HI` |
//! | housing, by commune | `H#<commune>` | `<id>` |
//! | housing of a commune, counted by status | `HC` | `<commune>` |
//! | owner | `O#<id>` | `O` |
//! | housing an owner has in a commune, counted | `O#<id>` | `C#<commune>` |
//! | the same, by commune | `OC#<commune>` | `<owner>` |
//! | campaign, group, draft | `K#<kind>#<id>` | `K` |
//! | its housing, in chunks | `K#<kind>#<id>` | `H#<number>` |
//! | the same, by establishment, and all of a kind | `EK#<establishment>#<kind>`, `AK#<kind>` | `<id>` |
//! | event | `EV#<id>` | `EV` |
//! | events of a housing or campaign | `EVP#<parent>` | `<id>` |
//! | events of a commune's housing, of an establishment's campaigns | `EVC#<commune>`, `EVE#<establishment>` | `<id>` |
//! | all events | `EVALL` | `<id>` |
//!
//! Housing lies by commune, so that a question touches the communes that are visible and no other; the counts tell
//! which of them hold anything at all.

mod attempts;
mod collections;
mod establishments;
mod events;
mod housing;
pub mod keys;
mod links;
mod mails;
mod owners;
mod people;
mod retention;
mod second_factor;
mod walk;

use std::ops::Deref;

use aws_sdk_dynamodb::Client;

use super::table::Table;

pub use collections::{Collection, Kind};
pub use establishments::Summary;
pub use events::{Event, Parent};
pub use housing::{Housing, STATUSES};
pub use links::{Link, Purpose};
pub use mails::{Mail, MailContent};
pub use owners::Owner;
pub use people::{Membership, StoredUser};
pub use second_factor::SecondFactor;
pub use walk::{List, ListPosition, Page};

/// The table of the droits domain.
#[derive(Clone, Debug)]
pub struct DroitsStore(Table);

impl DroitsStore {
    /// The table named `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self(Table::new(client, table))
    }
}

impl Deref for DroitsStore {
    type Target = Table;

    fn deref(&self) -> &Table {
        &self.0
    }
}
