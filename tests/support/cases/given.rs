//! The surroundings a case asks for, before its first step or between two.

use std::time::Duration;

use crate::receivers::Answer;
use http::StatusCode;
use serde_json::Value;

use crate::cases::format::Fields;
use crate::cases::{coop, droits};

/// What one `given` asks for.
#[derive(Debug)]
pub struct Given {
    pub services: Option<Vec<String>>,
    pub webhooks: Vec<WebhookGiven>,
    pub droits: droits::Given,
    pub coop: coop::Given,
}

/// A subscription of a service to its stub receiver, or new answers of that receiver.
#[derive(Debug)]
pub struct WebhookGiven {
    pub service: String,
    pub event_types: Option<Value>,
    pub ordering: Option<Value>,
    pub answers: Vec<Answer>,
}

impl Given {
    /// Reads a `given` object; an unknown key is an error that names it.
    pub fn parse(value: Value) -> Result<Self, String> {
        let mut fields = Fields::of(value, "given")?;
        let services = fields.optional("services").map(texts).transpose()?;
        let webhooks = fields
            .object("webhooks")?
            .into_iter()
            .map(|(service, value)| WebhookGiven::parse(service, value))
            .collect::<Result<_, _>>()?;
        let droits = droits::Given::take(&mut fields)?;
        let coop = coop::Given::take(&mut fields)?;
        fields.finish()?;
        Ok(Self { services, webhooks, droits, coop })
    }
}

impl WebhookGiven {
    fn parse(service: String, value: Value) -> Result<Self, String> {
        let mut fields = Fields::of(value, &format!("given.webhooks.{service}"))?;
        let answers = match fields.optional("answers") {
            None => Vec::new(),
            Some(Value::Array(answers)) => answers.iter().map(answer).collect::<Result<_, _>>()?,
            Some(other) => return Err(format!("answers: liste attendue, trouvé {other}")),
        };
        let event_types = fields.optional("eventTypes");
        let ordering = fields.optional("ordering");
        fields.finish()?;
        Ok(Self { service, event_types, ordering, answers })
    }
}

fn texts(value: Value) -> Result<Vec<String>, String> {
    serde_json::from_value(value).map_err(|error| format!("given.services: {error}"))
}

fn answer(value: &Value) -> Result<Answer, String> {
    let status =
        value.as_u64().and_then(|code| u16::try_from(code).ok()).and_then(|code| StatusCode::from_u16(code).ok());
    let hang = value
        .as_str()
        .and_then(|text| text.strip_suffix(":hang"))
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    status
        .map(Answer::Status)
        .or(hang.map(Answer::Hang))
        .ok_or_else(|| format!("construction inconnue: réponse {value}"))
}
