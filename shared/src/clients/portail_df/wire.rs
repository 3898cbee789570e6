//! The bodies of Portail DF. Fields we do not use are ignored.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use domain::droits::portail_df::Fetched;
use domain::reference::email::Email;
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};

/// A page of users.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) next: Option<String>,
    pub(super) results: Vec<UserWire>,
}

/// An id; 0 and null mean that there is none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Id(Option<i64>);

impl Id {
    pub(super) fn present(self) -> Option<i64> {
        self.0.filter(|id| *id != 0)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct UserWire {
    #[serde(default)]
    pub(super) structure: Id,
    #[serde(default)]
    pub(super) groupe: Id,
    pub(super) email: Option<String>,
    #[serde(default = "none", deserialize_with = "moment")]
    pub(super) date_expiration: Fetched<DateTime<Utc>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) cgu_valide: bool,
}

impl UserWire {
    /// Whether the entry is that of a person, by normalised e-mail.
    pub(super) fn is_of(&self, email: &str) -> bool {
        self.email.as_deref().and_then(|text| Email::parse(text).ok()).is_some_and(|own| own.normalised() == email)
    }
}

const fn none<T>() -> Fetched<T> {
    Fetched::None
}

#[derive(Debug, Deserialize)]
pub(super) struct StructureWire {
    pub(super) id_structure: Option<i64>,
    #[serde(deserialize_with = "digits")]
    pub(super) siret: String,
    pub(super) nom: Option<String>,
    #[serde(default = "none", deserialize_with = "moment")]
    pub(super) acces_lovac: Fetched<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct GroupWire {
    pub(super) id_groupe: Option<i64>,
    pub(super) niveau_acces: Option<String>,
    pub(super) lovac: Option<bool>,
    #[serde(default)]
    pub(super) perimetre: Id,
}

#[derive(Debug, Deserialize)]
pub(super) struct PerimeterWire {
    pub(super) fr_entiere: Option<bool>,
    #[serde(default)]
    pub(super) comm: Codes,
    #[serde(default)]
    pub(super) dep: Codes,
    #[serde(default)]
    pub(super) reg: Codes,
    #[serde(default)]
    pub(super) epci: Codes,
}

/// Codes, sent as texts or as numbers; a null list is empty.
#[derive(Debug, Default)]
pub(super) struct Codes(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Codes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default();
        let code = |value| match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(whole(&number)),
            _ => Err(serde::de::Error::custom("a code is a text")),
        };
        values.into_iter().map(code).collect::<Result<_, _>>().map(Self)
    }
}

/// A code sent as a number, which a spreadsheet may have given a fraction of zero.
fn whole(number: &Number) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// An instant in any form, or a day, which begins at midnight UTC; an empty text is none. One that cannot be read
/// concerns its own entry only, so it does not end the reading.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fetched<DateTime<Utc>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => Fetched::None,
        Value::String(text) if text.trim().is_empty() => Fetched::None,
        Value::String(text) => parse_moment(text.trim()).map_or(Fetched::Failed, Fetched::Known),
        _ => Fetched::Failed,
    })
}

/// Reads an instant with an offset (`Z`, `+01:00`, `+0100`, `+01`) or without, which is UTC, `T` or a blank between day
/// and time; or a day alone.
fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let day = text.get(..10)?;
    let has_day = day.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let day: NaiveDate = if has_day { day.parse().ok()? } else { return None };
    let rest = &text[10..];
    if rest.is_empty() {
        return Some(day.and_time(NaiveTime::MIN).and_utc());
    }
    let time: String = rest.strip_prefix(['T', 't', ' '])?.chars().filter(|c| *c != ' ').collect();
    let written = format!("{day}T{}", time.to_uppercase());
    let without_offset = || NaiveDateTime::parse_from_str(&written, "%Y-%m-%dT%H:%M:%S%.f").ok();
    match DateTime::parse_from_str(&written, "%Y-%m-%dT%H:%M:%S%.f%#z") {
        Ok(instant) => Some(instant.to_utc()),
        Err(_) => without_offset().map(|instant| instant.and_utc()),
    }
}

/// Whether a date was written, whatever its form.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => false,
        Value::Bool(given) => given,
        Value::String(text) => !text.trim().is_empty(),
        _ => true,
    })
}

/// A SIRET, sent as a text or as a number.
fn digits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text.chars().filter(|c| !c.is_whitespace()).collect()),
        Value::Number(number) => Ok(format!("{:0>14}", whole(&number))),
        Value::Null => Ok(String::new()),
        _ => Err(serde::de::Error::custom("a SIRET is a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_every_form() {
        for (text, expected) in [
            ("2026-04-01T13:30:00+02:00", "2026-04-01T11:30:00.000Z"),
            ("2026-04-01T13:30:00+0200", "2026-04-01T11:30:00.000Z"),
            ("2026-04-01T13:30:00+02", "2026-04-01T11:30:00.000Z"),
            ("2026-04-01 13:30:00 +0200", "2026-04-01T11:30:00.000Z"),
            ("2026-04-01T13:30:00Z", "2026-04-01T13:30:00.000Z"),
            ("2026-04-01T13:30:00.123456Z", "2026-04-01T13:30:00.123Z"),
            ("2099-12-31T10:00:00", "2099-12-31T10:00:00.000Z"),
            ("2099-12-31 10:00:00.5", "2099-12-31T10:00:00.500Z"),
            ("2026-04-01", "2026-04-01T00:00:00.000Z"),
        ] {
            assert_eq!(parse_moment(text).map(domain::instant::text).as_deref(), Some(expected), "{text}");
        }
        for none in
            ["le 31 décembre", "2026-13-01", "2026- 1-01", "31/12/2026", "2026-04-01T", "2026-04-01T25:00:00Z", "é"]
        {
            assert_eq!(parse_moment(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_are_read_as_the_codes_they_were() {
        let codes: Codes = serde_json::from_str(r#"[1004, 1004.0, " 67482 "]"#).unwrap();
        assert_eq!(codes.0, ["1004", "1004", " 67482 "]);
        let structure =
            |siret: &str| serde_json::from_str::<StructureWire>(&format!(r#"{{"siret": {siret}}}"#)).unwrap();
        for siret in ["5580000000017", "5580000000017.0", "\"055 800 000 00017\""] {
            assert_eq!(structure(siret).siret, "05580000000017", "{siret}");
        }
    }

    #[test]
    fn an_entry_is_that_of_its_own_e_mail() {
        let user = |email: Value| serde_json::from_value::<UserWire>(serde_json::json!({"email": email})).unwrap();
        assert!(user("Anne.Martin@Ville.fr ".into()).is_of("anne.martin@ville.fr"));
        assert!(!user("marie-anne.martin@ville.fr".into()).is_of("anne.martin@ville.fr"));
        assert!(!user(Value::Null).is_of("anne.martin@ville.fr"));
    }
}
