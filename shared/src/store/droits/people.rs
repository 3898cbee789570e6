//! Users, their memberships and perimeters, and the prospects they were.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::retention::Place;
use super::{DroitsStore, keys};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::droits::account::{Establishment, Prospect, StoredPerimeter, User};
use domain::droits::perimeter::Perimeter;
use domain::instant;

/// A user as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredUser {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// Argon2id, in the PHC format.
    pub password_hash: String,
    /// One more each time all sessions of the user end: tokens of an earlier one open nothing.
    #[serde(default)]
    pub credentials_version: u64,
    /// One more at each write: what a write is conditional on.
    pub version: u64,
}

/// Where a user stands in an establishment.
#[derive(Clone, Debug, Default)]
pub struct Membership {
    /// The establishment, if it exists.
    pub establishment: Option<Establishment>,
    /// Whether the user is a member.
    pub member: bool,
    /// The perimeter last granted by Portail DF.
    pub perimeter: StoredPerimeter,
}

#[derive(Serialize)]
struct UserItem<'a> {
    #[serde(flatten)]
    stored: &'a StoredUser,
    #[serde(flatten)]
    place: Option<Place>,
}

impl<'a> From<&'a StoredUser> for UserItem<'a> {
    fn from(stored: &'a StoredUser) -> Self {
        Self { stored, place: Place::of(&stored.user) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailItem {
    user_id: Uuid,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProspectItem<'a> {
    #[serde(flatten)]
    prospect: &'a Prospect,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MembershipItem {
    has_commitment: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PerimeterItem {
    #[serde(flatten)]
    perimeter: Perimeter,
    /// Portail DF answered, and granted none.
    #[serde(default)]
    none: bool,
    #[serde(with = "instant")]
    updated_at: DateTime<Utc>,
}

impl DroitsStore {
    /// A user.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn user(&self, id: Uuid) -> Result<Option<StoredUser>, StoreError> {
        self.get(&keys::user(id)).await
    }

    /// The user of an e-mail in lower case.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<StoredUser>, StoreError> {
        match self.get::<EmailItem>(&keys::email(email)).await? {
            Some(found) => self.user(found.user_id).await,
            None => Ok(None),
        }
    }

    /// Where a user stands in an establishment.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn membership(&self, user: Uuid, establishment: Uuid) -> Result<Membership, StoreError> {
        let membership = keys::membership(user, establishment);
        let perimeter = keys::perimeter(user, establishment);
        let (establishment, membership, perimeter) = futures_util::try_join!(
            self.establishment(establishment),
            self.get::<MembershipItem>(&membership),
            self.get::<PerimeterItem>(&perimeter),
        )?;
        Ok(Membership {
            establishment,
            member: membership.is_some(),
            perimeter: perimeter.map_or(StoredPerimeter::NeverChecked, |stored| {
                if stored.none { StoredPerimeter::NotGranted } else { StoredPerimeter::Granted(stored.perimeter) }
            }),
        })
    }

    /// The establishments a user is a member of.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn memberships(&self, user: Uuid) -> Result<Vec<Uuid>, StoreError> {
        let found = self.whole::<MembershipItem>(&keys::user_partition(user), keys::MEMBERSHIP).await?;
        Ok(found.iter().filter_map(|(sk, _)| keys::establishment_of_membership(sk)).collect())
    }

    /// A prospect, by e-mail in lower case.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn prospect(&self, email: &str) -> Result<Option<Prospect>, StoreError> {
        self.get(&keys::prospect(email)).await
    }

    /// Loads a prospect, to be forgotten at `expires_at` unless it is loaded again.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn put_prospect(
        &self,
        transaction: &mut Transaction,
        prospect: &Prospect,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let item = ProspectItem { prospect, expires_at: expires_at.timestamp() };
        self.put(transaction, &keys::prospect(&prospect.email), &item, &Guard::None)
    }

    /// Takes a prospect away: its account is created.
    ///
    /// # Errors
    /// When the write cannot be built.
    pub fn consume_prospect(&self, transaction: &mut Transaction, email: &str) -> Result<(), StoreError> {
        self.delete(transaction, &keys::prospect(email), &Guard::Present)
    }

    /// Adds a user whose e-mail nobody has.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn add_user(&self, transaction: &mut Transaction, user: &User, password_hash: &str) -> Result<(), StoreError> {
        let stored = StoredUser {
            user: user.clone(),
            password_hash: password_hash.to_owned(),
            credentials_version: 0,
            version: 1,
        };
        self.put(transaction, &keys::email(&user.email), &EmailItem { user_id: user.id }, &Guard::Absent)?;
        self.put(transaction, &keys::user(user.id), &UserItem::from(&stored), &Guard::Absent)
    }

    /// Gives a user the e-mail they have now in place of the one `before`. Nobody else has it.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn move_email(&self, transaction: &mut Transaction, before: &str, user: &User) -> Result<(), StoreError> {
        self.delete(transaction, &keys::email(before), &Guard::Present)?;
        self.put(transaction, &keys::email(&user.email), &EmailItem { user_id: user.id }, &Guard::Absent)
    }

    /// Replaces a user read as `stored`.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn update_user(
        &self,
        transaction: &mut Transaction,
        stored: &StoredUser,
        user: &User,
    ) -> Result<(), StoreError> {
        let next = StoredUser { user: user.clone(), version: stored.version + 1, ..stored.clone() };
        let unchanged = Guard::is("version", stored.version);
        self.put(transaction, &keys::user(user.id), &UserItem::from(&next), &unchanged)
    }

    /// Makes a user a member.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn add_membership(
        &self,
        transaction: &mut Transaction,
        user: Uuid,
        establishment: Uuid,
        has_commitment: bool,
    ) -> Result<(), StoreError> {
        let key = keys::membership(user, establishment);
        self.put(transaction, &key, &MembershipItem { has_commitment }, &Guard::None)
    }

    /// Stores the perimeter that Portail DF grants a user in an establishment, or that it grants none.
    ///
    /// # Errors
    /// When it cannot be written as an item.
    pub fn set_perimeter(
        &self,
        transaction: &mut Transaction,
        user: Uuid,
        establishment: Uuid,
        perimeter: Option<&Perimeter>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let item = PerimeterItem {
            perimeter: perimeter.cloned().unwrap_or_default(),
            none: perimeter.is_none(),
            updated_at: now,
        };
        self.put(transaction, &keys::perimeter(user, establishment), &item, &Guard::None)
    }
}
