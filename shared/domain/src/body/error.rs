//! Why a text is not the value asked for.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// What a deserializer of bodies and queries answers when it does not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) kind: Kind,
    /// Where, once the member concerned is known.
    pub(crate) pointer: Option<String>,
    pub(crate) detail: String,
}

/// Which of the two examinations failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The form of the text: reading ends.
    Shape,
    /// One value: the others are still examined.
    Value,
}

/// Said of what must be there and is not.
pub const MISSING: &str = "valeur obligatoire";

impl Refusal {
    pub(crate) fn shape(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Shape, pointer: None, detail: detail.into() }
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self { kind: Kind::Value, pointer: None, detail: detail.into() }
    }

    /// The same at `pointer`, unless something within has named its place already.
    pub(crate) fn at(mut self, pointer: &str) -> Self {
        self.pointer.get_or_insert_with(|| pointer.to_owned());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Refusal {}

/// `custom` is what a `TryFrom` refuses: a value. The rest is what derived code finds.
impl de::Error for Refusal {
    fn custom<T: fmt::Display>(detail: T) -> Self {
        Self::value(detail.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::shape(format!("type inattendu ({expected})"))
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::value("valeur hors limites")
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::value("nombre d'éléments inattendu")
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let quoted: Vec<String> = expected.iter().map(|name| format!("« {name} »")).collect();
        Self::value(match quoted.split_last() {
            Some((last, [])) => format!("{last} est attendu"),
            Some((last, others)) => format!("{} ou {last} est attendu", others.join(", ")),
            None => "valeur inconnue".to_owned(),
        })
    }

    fn unknown_field(name: &str, _: &'static [&'static str]) -> Self {
        Self::shape(format!("propriété inconnue : {name}"))
    }

    fn missing_field(_: &'static str) -> Self {
        Self::value(MISSING)
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self::shape("propriété répétée")
    }
}
