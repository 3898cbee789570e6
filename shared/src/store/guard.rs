//! What must hold for a write, and how it is said to DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{Attributes, PK};
use super::value::Value;

/// What must hold for a write, or it is a race lost. Attributes are named by path: `tickets.<id>` is a member of a map.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Guard {
    /// Nothing: the write is right whatever is there.
    None,
    /// The item must not exist yet.
    Absent,
    /// The item must exist.
    Present,
    /// An attribute compares so with a value; one that is missing compares with nothing.
    Compares(String, Comparison, AttributeValue),
    /// The item has this attribute.
    Has(String),
    /// The item lacks this attribute, or does not exist.
    Lacks(String),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
}

impl Comparison {
    const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
        }
    }
}

impl Guard {
    /// The attribute is this: mostly, still what was read.
    pub(crate) fn is(path: &str, value: impl Value) -> Self {
        Self::compares(path, Comparison::Equal, value)
    }

    pub(crate) fn is_not(path: &str, value: impl Value) -> Self {
        Self::compares(path, Comparison::NotEqual, value)
    }

    pub(crate) fn is_below(path: &str, value: impl Value) -> Self {
        Self::compares(path, Comparison::Less, value)
    }

    pub(crate) fn is_at_most(path: &str, value: impl Value) -> Self {
        Self::compares(path, Comparison::LessOrEqual, value)
    }

    pub(crate) fn is_above(path: &str, value: impl Value) -> Self {
        Self::compares(path, Comparison::Greater, value)
    }

    pub(crate) fn has(path: impl Into<String>) -> Self {
        Self::Has(path.into())
    }

    pub(crate) fn lacks(path: impl Into<String>) -> Self {
        Self::Lacks(path.into())
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self::Both(Box::new(self), Box::new(other))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::Either(Box::new(self), Box::new(other))
    }

    fn compares(path: &str, comparison: Comparison, value: impl Value) -> Self {
        Self::Compares(path.to_owned(), comparison, value.into_attribute())
    }

    /// The condition, its names and values noted in `terms`; `None` where nothing is asked.
    pub(super) fn expression(&self, terms: &mut Terms) -> Option<String> {
        Some(match self {
            Self::None => return None,
            Self::Absent => format!("attribute_not_exists({})", terms.name(PK)),
            Self::Present => format!("attribute_exists({})", terms.name(PK)),
            Self::Has(path) => format!("attribute_exists({})", terms.name(path)),
            Self::Lacks(path) => format!("attribute_not_exists({})", terms.name(path)),
            Self::Compares(path, comparison, value) => {
                format!("{} {} {}", terms.name(path), comparison.symbol(), terms.value(value.clone()))
            }
            Self::Both(one, other) => match (one.expression(terms), other.expression(terms)) {
                (Some(one), Some(other)) => format!("({one} AND {other})"),
                (one, other) => return one.or(other),
            },
            // Where one side asks nothing, nothing is asked.
            Self::Either(one, other) => format!("({} OR {})", one.expression(terms)?, other.expression(terms)?),
        })
    }
}

/// Names of attributes by placeholder.
pub(super) type Names = HashMap<String, String>;

/// The names and values of the expressions of one request. Every name gets a placeholder: no word is reserved.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Terms {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Terms {
    /// The placeholders of a path.
    pub(super) fn name(&mut self, path: &str) -> String {
        let placeholders: Vec<String> = path.split('.').map(|name| self.placeholder(name)).collect();
        placeholders.join(".")
    }

    fn placeholder(&mut self, name: &str) -> String {
        let known = self.names.iter().position(|known| known == name);
        let rank = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        format!("#n{rank}")
    }

    /// The placeholder of a value.
    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value);
        format!(":v{}", self.values.len() - 1)
    }

    /// As the SDK takes them; DynamoDB refuses empty ones.
    pub(super) fn into_names_and_values(self) -> (Option<Names>, Option<Attributes>) {
        let numbered = |prefix: &'static str| move |rank: usize| format!("{prefix}{rank}");
        let (name, value) = (numbered("#n"), numbered(":v"));
        let names: Names = self.names.into_iter().enumerate().map(|(rank, text)| (name(rank), text)).collect();
        let values: Attributes = self.values.into_iter().enumerate().map(|(rank, it)| (value(rank), it)).collect();
        ((!names.is_empty()).then_some(names), (!values.is_empty()).then_some(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The condition with its placeholders put in again.
    fn check(guard: &Guard, expected: Option<&str>) {
        let mut terms = Terms::default();
        let text = guard.expression(&mut terms);
        let (names, values) = terms.into_names_and_values();
        let said = text.map(|mut text| {
            for (placeholder, name) in names.unwrap_or_default() {
                text = text.replace(&placeholder, &name);
            }
            for (placeholder, value) in values.unwrap_or_default() {
                let value = value.as_n().or_else(|_| value.as_s()).cloned().unwrap_or_else(|_| format!("{value:?}"));
                text = text.replace(&placeholder, &value);
            }
            text
        });
        assert_eq!(said.as_deref(), expected);
    }

    #[test]
    fn guards_are_said_as_conditions() {
        check(&Guard::None, None);
        check(&Guard::Absent, Some("attribute_not_exists(PK)"));
        check(&Guard::Present, Some("attribute_exists(PK)"));
        check(&Guard::is("revision", 3_u64), Some("revision = 3"));
        check(&Guard::is_not("status", "paused"), Some("status <> paused"));
        check(&Guard::lacks("tickets.a-1"), Some("attribute_not_exists(tickets.a-1)"));
        check(
            &Guard::Absent.or(Guard::is_at_most("expiresAt", 7_i64)),
            Some("(attribute_not_exists(PK) OR expiresAt <= 7)"),
        );
        check(
            &Guard::is("a", 1).and(Guard::lacks("b").or(Guard::is_below("b", 9))),
            Some("(a = 1 AND (attribute_not_exists(b) OR b < 9))"),
        );
    }

    #[test]
    fn what_asks_nothing_adds_nothing_to_and_and_all_to_or() {
        check(&Guard::None.and(Guard::Present), Some("attribute_exists(PK)"));
        check(&Guard::Present.or(Guard::None), None);
    }

    #[test]
    fn a_name_has_one_placeholder_and_each_value_its_own() {
        let mut terms = Terms::default();
        assert_eq!([terms.name("a"), terms.name("b.a"), terms.name("a")], ["#n0", "#n1.#n0", "#n0"]);
        assert_eq!([terms.value(1.into_attribute()), terms.value(1.into_attribute())], [":v0", ":v1"]);
    }

    #[test]
    fn nothing_named_is_nothing_sent() {
        assert_eq!(Terms::default().into_names_and_values(), (None, None));
    }
}
