//! The shape of a JSON body: unknown properties and wrong JSON types are found here (400), with their pointer.

use serde_json::{Map, Value};

pub use crate::body::{Fault, Field};

/// Reads the properties of one JSON object and remembers where it stands in the body.
pub struct Shape<'a> {
    map: &'a Map<String, Value>,
    base: String,
}

impl<'a> Shape<'a> {
    /// An object with no other properties than `known`.
    ///
    /// # Errors
    /// The fault names the unknown property, or says that this is no object.
    pub fn object(value: &'a Value, base: &str, known: &[&str]) -> Result<Self, Fault> {
        let Value::Object(map) = value else {
            return Err(Fault::new(base, "un objet JSON est attendu"));
        };
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => {
                let token = unknown.replace('~', "~0").replace('/', "~1");
                Err(Fault::new(format!("{base}/{token}"), "propriété inconnue ou non modifiable"))
            }
            None => Ok(Self { map, base: base.to_owned() }),
        }
    }

    /// The pointer of a property.
    #[must_use]
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.base)
    }

    fn field<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Field<T>, Fault> {
        match self.map.get(name) {
            None => Ok(Field::Absent),
            Some(Value::Null) => Ok(Field::Null),
            Some(value) => read(value)
                .map(Field::Set)
                .ok_or_else(|| Fault::new(self.pointer(name), format!("{expected} est attendu"))),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is of another JSON type.
    pub fn text(&self, name: &str) -> Result<Field<String>, Fault> {
        self.field(name, "un texte", |value| value.as_str().map(str::to_owned))
    }

    /// A number.
    ///
    /// # Errors
    /// When it is of another JSON type.
    pub fn number(&self, name: &str) -> Result<Field<f64>, Fault> {
        self.field(name, "un nombre", Value::as_f64)
    }

    /// A boolean.
    ///
    /// # Errors
    /// When it is of another JSON type.
    pub fn flag(&self, name: &str) -> Result<Field<bool>, Fault> {
        self.field(name, "un booléen", Value::as_bool)
    }

    /// A list.
    ///
    /// # Errors
    /// When it is of another JSON type.
    pub fn list(&self, name: &str) -> Result<Field<&'a [Value]>, Fault> {
        self.field(name, "une liste", |value| value.as_array().map(Vec::as_slice))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When it, or an element of it, is of another JSON type.
    pub fn texts(&self, name: &str) -> Result<Field<Vec<String>>, Fault> {
        self.list(name)?.try_map(|items| {
            let read = |(i, item): (usize, &Value)| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| Fault::new(format!("{}/{i}", self.pointer(name)), "un texte est attendu"))
            };
            items.iter().enumerate().map(read).collect()
        })
    }

    /// An object read by `read`, which is given the value and its pointer.
    ///
    /// # Errors
    /// Whatever `read` finds.
    pub fn nested<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Value, &str) -> Result<T, Fault>,
    ) -> Result<Field<T>, Fault> {
        self.field(name, "", Some)?.try_map(|value| read(value, &self.pointer(name)))
    }
}

impl<T> Field<T> {
    /// The same field, its value read further.
    ///
    /// # Errors
    /// Whatever `read` finds.
    pub fn try_map<U>(self, read: impl FnOnce(T) -> Result<U, Fault>) -> Result<Field<U>, Fault> {
        Ok(match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Set(value) => Field::Set(read(value)?),
        })
    }
}
