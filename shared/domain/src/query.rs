//! Query strings, read into the type that documents them: every parameter is known, given once, and right.
//!
//! A query is a struct of `Option` members, named as on the wire; a parameter's type says what is right by its
//! `TryFrom<String>`, whose error is the French sentence shown.

mod values;

pub use values::{Limit, Moment};

use std::borrow::Cow;

use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::body::Refusal;

/// Reads a query string; without one, every parameter is absent.
///
/// # Errors
/// A French sentence that names the parameter, and what it must be.
pub fn parse<T: DeserializeOwned>(query: Option<&str>) -> Result<T, String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    T::deserialize(Pairs(pairs)).map_err(|refusal| refusal.detail)
}

/// Refuses any parameter at all, for a route that takes none.
///
/// # Errors
/// A French sentence that names the first one.
pub fn none(query: Option<&str>) -> Result<(), String> {
    match url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).next() {
        Some((name, _)) => Err(unknown(&name)),
        None => Ok(()),
    }
}

fn unknown(name: &str) -> String {
    // What a stranger wrote is shown back only as far as a name goes.
    let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    format!("Le paramètre « {name} » est inconnu.")
}

struct Pairs<'de>(Vec<(Cow<'de, str>, Cow<'de, str>)>);

impl<'de> Deserializer<'de> for Pairs<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(PairAccess { pairs: self.0.into_iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        for (rank, (name, _)) in self.0.iter().enumerate() {
            if !fields.contains(&name.as_ref()) {
                return Err(Refusal::shape(unknown(name)));
            }
            if self.0[..rank].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::shape(format!("Le paramètre « {name} » est répété.")));
            }
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct PairAccess<'de> {
    pairs: std::vec::IntoIter<(Cow<'de, str>, Cow<'de, str>)>,
    value: Option<(Cow<'de, str>, Cow<'de, str>)>,
}

impl<'de> MapAccess<'de> for PairAccess<'de> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        let Some(pair) = self.pairs.next() else { return Ok(None) };
        let (name, _) = self.value.insert(pair);
        let name: CowStrDeserializer<'_, Refusal> = Cow::Borrowed(name.as_ref()).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        let (name, value) = self.value.take().unwrap_or_default();
        let refused = |refusal: Refusal| Refusal::value(format!("Le paramètre « {name} » : {}.", refusal.detail));
        seed.deserialize(Parameter(value)).map_err(refused)
    }
}

/// The value of one parameter.
struct Parameter<'de>(Cow<'de, str>);

macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            visitor.$visit(self.0.parse().map_err(|_| Refusal::value($expected))?)
        }
    )+};
}

impl<'de> Deserializer<'de> for Parameter<'de> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_string(self.0.into_owned())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        let name: CowStrDeserializer<'_, Refusal> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    parsed! {
        deserialize_bool visit_bool "« true » ou « false » est attendu";
        deserialize_u8 visit_u8 "un nombre entier est attendu";
        deserialize_u16 visit_u16 "un nombre entier est attendu";
        deserialize_u32 visit_u32 "un nombre entier est attendu";
        deserialize_u64 visit_u64 "un nombre entier est attendu";
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wanted {
        limit: Option<Limit>,
        updated_since: Option<Moment>,
        dry_run: Option<bool>,
        status: Option<Status>,
        name: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Held,
        Failed,
    }

    fn refused(query: &str, detail: &str) {
        assert_eq!(parse::<Wanted>(Some(query)).unwrap_err(), detail, "{query}");
    }

    #[test]
    fn every_parameter_is_optional_and_read_by_its_type() {
        assert_eq!(parse::<Wanted>(None), Ok(Wanted::default()));
        let wanted: Wanted = parse(Some("dryRun=true&status=held&limit=7&name=a%2Bb+c")).unwrap();
        assert_eq!((wanted.dry_run, wanted.status), (Some(true), Some(Status::Held)));
        assert_eq!(Limit::or(wanted.limit, 100), 7);
        assert_eq!(wanted.name.as_deref(), Some("a+b c"));
    }

    #[test]
    fn what_is_refused_is_named_with_its_bound() {
        refused("couleur=bleu&limit=0", "Le paramètre « couleur » est inconnu.");
        refused("limit=1&limit=2", "Le paramètre « limit » est répété.");
        refused("updated_since=x", "Le paramètre « updated_since » est inconnu.");
        for limit in ["0", "101", "", "-1", "1.5", "dix", "+7", "18446744073709551617"] {
            let query = format!("limit={}", limit.replace('+', "%2B"));
            refused(&query, "Le paramètre « limit » : un entier de 1 à 100 est attendu.");
        }
        refused("dryRun=oui", "Le paramètre « dryRun » : « true » ou « false » est attendu.");
        refused("status=x", "Le paramètre « status » : « held » ou « failed » est attendu.");
        refused("updatedSince=hier", "Le paramètre « updatedSince » : un instant RFC 3339 est attendu.");
    }

    #[test]
    fn an_offset_s_plus_that_was_not_encoded_is_named() {
        let encoded: Wanted = parse(Some("updatedSince=2026-11-02T10:00:00%2B01:00")).unwrap();
        assert_eq!(encoded, parse(Some("updatedSince=2026-11-02T09:00:00Z")).unwrap());
        refused(
            "updatedSince=2026-11-02T10:00:00+01:00",
            "Le paramètre « updatedSince » : le + du décalage horaire doit être encodé : %2B.",
        );
    }

    #[test]
    fn a_route_without_parameters_takes_none() {
        assert_eq!(none(None), Ok(()));
        assert_eq!(none(Some("")), Ok(()));
        assert_eq!(none(Some("dryRun=true")), Err("Le paramètre « dryRun » est inconnu.".to_owned()));
    }
}
