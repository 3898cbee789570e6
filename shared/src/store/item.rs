//! Items and their primary keys, as DynamoDB gives and takes them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::schema;

/// The attributes of one item by name.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The partition key's attribute.
pub(super) const PK: &str = "PK";
/// The sort key's attribute.
pub(super) const SK: &str = "SK";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ItemKey {
    #[serde(rename = "PK")]
    pub pk: String,
    #[serde(rename = "SK")]
    pub sk: String,
}

impl ItemKey {
    pub(crate) fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// As the SDK takes it.
    #[must_use]
    pub fn to_attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// One item as read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item(Attributes);

impl From<Attributes> for Item {
    fn from(attributes: Attributes) -> Self {
        Self(attributes)
    }
}

impl Item {
    /// Partition key; every item has one.
    pub(crate) fn pk(&self) -> &str {
        self.text(PK).unwrap_or_default()
    }

    /// Sort key; every item has one.
    pub(crate) fn sk(&self) -> &str {
        self.text(SK).unwrap_or_default()
    }

    pub(crate) fn key(&self) -> ItemKey {
        ItemKey::new(self.pk(), self.sk())
    }

    /// An attribute that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    /// What it says, in the form of this version of the code.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, StoreError> {
        schema::read(self.0)
    }
}
