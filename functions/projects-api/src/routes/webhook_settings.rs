//! What a body asks of a webhook: its address, the types it wants, its description. All faults at once.

use domain::communs::event_type::EventType;
use domain::shape::{Fault, Field, Shape};
use domain::webhooks::address::check_url;
use domain::webhooks::subscription::Webhook;
use passerelle::web::body::RawBody;
use passerelle::web::problem::{Code, Problem};
use serde_json::Value;

use crate::app::App;

/// The longest description.
const DESCRIPTION_MAX: usize = 500;

/// What a body asks for.
pub(super) struct Wanted {
    url: Field<String>,
    event_types: Field<Vec<String>>,
    description: Field<String>,
}

/// The same, judged.
pub(super) struct Settings {
    pub(super) url: String,
    pub(super) event_types: Option<Vec<EventType>>,
    pub(super) description: Option<String>,
}

impl Wanted {
    pub(super) fn read(body: &RawBody) -> Result<Self, Problem> {
        Self::of(&body.json(false)?).map_err(Problem::shape)
    }

    pub(super) fn read_patch(body: &RawBody) -> Result<Self, Problem> {
        Self::of(&body.json(true)?).map_err(Problem::shape)
    }

    fn of(body: &Value) -> Result<Self, Fault> {
        let shape = Shape::object(body, "", &["url", "eventTypes", "description"])?;
        Ok(Self {
            url: shape.text("url")?,
            event_types: shape.texts("eventTypes")?,
            description: shape.text("description")?,
        })
    }

    /// All faults at once; a refused address has a problem of its own when it is the only one.
    pub(super) fn judge(self, app: &App, current: Option<&Webhook>) -> Result<Settings, Problem> {
        let mut faults = Vec::new();
        let mut refused = None;
        let url = match (self.url, current) {
            (Field::Set(url), _) => match check_url(&url, app.policy) {
                Ok(checked) => checked.as_str().to_owned(),
                Err(refusal) => {
                    refused = Some(Fault::new("/url", refusal.to_string()));
                    String::new()
                }
            },
            (Field::Absent, Some(current)) => current.url.clone(),
            _ => {
                faults.push(Fault::new("/url", "valeur obligatoire"));
                String::new()
            }
        };
        let event_types = match self.event_types {
            Field::Absent => current.and_then(|current| current.event_types.clone()),
            Field::Null => None,
            Field::Set(names) => Some(kinds(&names, &mut faults)),
        };
        let description = match self.description {
            Field::Absent => current.and_then(|current| current.description.clone()),
            Field::Null => None,
            Field::Set(text) => {
                if text.chars().count() > DESCRIPTION_MAX {
                    faults.push(Fault::new("/description", "500 caractères au plus"));
                }
                Some(text)
            }
        };
        match refused {
            Some(fault) if faults.is_empty() => Err(Problem::new(Code::WebhookUrlRefused).errors(&[fault])),
            None if faults.is_empty() => Ok(Settings { url, event_types, description }),
            fault => {
                faults.extend(fault);
                Err(Problem::new(Code::ValidationFailed).errors(&faults))
            }
        }
    }
}

fn kinds(names: &[String], faults: &mut Vec<Fault>) -> Vec<EventType> {
    if names.is_empty() {
        faults.push(Fault::new("/eventTypes", "au moins un type est attendu"));
    }
    let mut kinds = Vec::new();
    for (i, name) in names.iter().enumerate() {
        match EventType::from_name(name) {
            Some(kind) if !kinds.contains(&kind) => kinds.push(kind),
            Some(_) => {}
            None => faults.push(Fault::new(format!("/eventTypes/{i}"), "type d'événement inconnu")),
        }
    }
    kinds
}
