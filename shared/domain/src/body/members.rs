//! The members of a body: required, or optional with absent told from `null`.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use thiserror::Error;

/// The names by which these types ask [`super::json`] for what only it can do: note a fault and go on.
pub(super) const REQUIRED: &str = "domain::body::Required";
pub(super) const FIELD: &str = "domain::body::Field";

/// A member that must be there, not `null`, and right. It is empty only beside a fault, so [`super::Parsed::valid`]
/// makes sure that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Required<T>(Option<T>);

/// A required value is not there: it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a required value was used although it was refused")]
pub struct Missing;

impl<T> Required<T> {
    /// The value.
    ///
    /// # Errors
    /// [`Missing`] when it was refused, which a body found valid excludes.
    pub fn get(self) -> Result<T, Missing> {
        self.0.ok_or(Missing)
    }

    /// The value; `None` when it was refused.
    pub fn ok(self) -> Option<T> {
        self.0
    }

    /// What the value points to; `None` when it was refused.
    pub fn as_deref(&self) -> Option<&T::Target>
    where
        T: Deref,
    {
        self.0.as_deref()
    }
}

impl<T> From<T> for Required<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

/// An optional member: a merge patch tells absent from `null`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// Not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A value.
    Set(T),
}

impl<T> Field<T> {
    /// The value, when one was given.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// What a merge patch makes of `current`: absent keeps it, `null` clears it.
    pub fn or_keep(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same field, its value turned into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Field<U> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Set(value) => Field::Set(turn(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Required<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(REQUIRED, RequiredVisitor(PhantomData))
    }
}

struct RequiredVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for RequiredVisitor<T> {
    type Value = Required<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("une valeur")
    }

    /// Of nothing: absent, `null`, or refused. Of one element: the value.
    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Required<T>, A::Error> {
        values.next_element().map(Required)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Required<T>, D::Error> {
        T::deserialize(deserializer).map(Required::from)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FIELD, FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("une valeur, ou null")
    }

    fn visit_unit<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Absent)
    }

    fn visit_none<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Null)
    }

    /// Of nothing: refused. Of one element: the value.
    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Field<T>, A::Error> {
        Ok(values.next_element()?.map_or(Field::Absent, Field::Set))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<T>, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Field::Null, Field::Set))
    }
}
