//! Links sent by mail: each proves a mailbox once. Of its token only the hash is kept.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::instant;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To create an account.
    Signup,
    /// To choose another password.
    PasswordReset,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Whose mailbox it was sent to, in lower case.
    pub email: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The version of the user's credentials when it was sent: it is worth nothing once they changed.
    #[serde(default)]
    pub credentials_version: u64,
    /// It is worth nothing from then on.
    #[serde(with = "instant")]
    pub good_until: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LinkItem<'a> {
    #[serde(flatten)]
    link: &'a Link,
    expires_at: i64,
}

impl DroitsStore {
    /// Keeps a link under the hash of its token.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn put_link(&self, token_hash: &str, link: &Link) -> Result<(), CommitError> {
        let item = LinkItem { link, expires_at: (link.good_until + TimeDelta::hours(1)).timestamp() };
        self.put_now(&keys::link(token_hash), &item, &Guard::None).await
    }

    /// The link of this token.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn link(&self, token_hash: &str) -> Result<Option<Link>, StoreError> {
        self.get(&keys::link(token_hash)).await
    }

    /// Uses a link up.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn use_link(&self, transaction: &mut Transaction, token_hash: &str) -> Result<(), StoreError> {
        self.delete(transaction, &keys::link(token_hash), &Guard::Present)
    }
}
