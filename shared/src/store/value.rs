//! How values of ours are written as attributes in conditions, updates and key conditions.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use domain::instant;
use uuid::Uuid;

/// What can stand for an attribute: texts, numbers, booleans, instants (RFC 3339 with milliseconds), ids; nothing is
/// written as NULL, as serde does for `None`.
pub(crate) trait Value {
    fn into_attribute(self) -> AttributeValue;
}

impl Value for AttributeValue {
    fn into_attribute(self) -> AttributeValue {
        self
    }
}

impl Value for String {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self)
    }
}

impl Value for &str {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.to_owned())
    }
}

impl Value for DateTime<Utc> {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(instant::text(self))
    }
}

impl Value for Uuid {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::S(self.to_string())
    }
}

/// A set, of texts.
impl Value for &HashSet<Uuid> {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Ss(self.iter().map(Uuid::to_string).collect())
    }
}

impl Value for bool {
    fn into_attribute(self) -> AttributeValue {
        AttributeValue::Bool(self)
    }
}

impl<T: Value> Value for Option<T> {
    fn into_attribute(self) -> AttributeValue {
        self.map_or(AttributeValue::Null(true), Value::into_attribute)
    }
}

macro_rules! numbers {
    ($($number:ty)+) => {
        $(impl Value for $number {
            fn into_attribute(self) -> AttributeValue {
                AttributeValue::N(self.to_string())
            }
        })+
    };
}

numbers!(i32 i64 u8 u32 u64 usize);
