//! The bodies of Portail DF. Fields we do not use are ignored.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

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
    #[serde(default, deserialize_with = "moment")]
    pub(super) date_expiration: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) cgu_valide: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct StructureWire {
    pub(super) id_structure: Option<i64>,
    #[serde(deserialize_with = "digits")]
    pub(super) siret: String,
    pub(super) nom: Option<String>,
    #[serde(default, deserialize_with = "moment")]
    pub(super) acces_lovac: Option<DateTime<Utc>>,
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
    pub(super) comm: Option<Vec<String>>,
    pub(super) dep: Option<Vec<String>>,
    pub(super) reg: Option<Vec<String>>,
    pub(super) epci: Option<Vec<String>>,
}

/// An instant with an offset, or a day, which begins at midnight UTC; an empty text is none.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let moment = domain::instant::parse(text).or_else(day);
    moment.map(Some).ok_or_else(|| serde::de::Error::custom("neither an instant nor a day"))
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
        Value::Number(number) => Ok(format!("{:0>14}", number.to_string())),
        Value::Null => Ok(String::new()),
        _ => Err(serde::de::Error::custom("a SIRET is a text")),
    }
}
