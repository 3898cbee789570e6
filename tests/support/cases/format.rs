//! The format of a case: parsed whole before it runs, so that a construct unknown here fails the case
//! by name instead of being passed over.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// One case of a file.
#[derive(Debug, Clone)]
pub struct Case {
    pub id: String,
    pub title: String,
    pub content: Content,
}

#[derive(Debug, Clone)]
pub enum Content {
    /// One pure rule, without a stack.
    Pure { rule: String, input: Value, expect: Value },
    /// A play on a fresh stack.
    Scenario(Scenario),
    /// A construct this runner does not know; the text names it.
    Unknown(String),
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub now: DateTime<Utc>,
    /// Read when it is applied: it may use names saved before.
    pub given: Value,
    pub steps: Vec<Step>,
    /// Waits in real time for a party that does not answer.
    pub slow: bool,
}

/// Texts inside are as written: `$name` is replaced when the step runs.
#[derive(Debug, Clone)]
pub enum Step {
    Request(Box<RequestStep>),
    At(String),
    Given(Value),
    Run(Run),
    ExpectWebhooks(Map<String, Value>),
    ExpectCalls(Map<String, Value>),
    ExpectState(Map<String, Value>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Drain,
    Sweeper,
    NightlySync,
}

#[derive(Debug, Clone)]
pub struct RequestStep {
    pub method: String,
    pub path: String,
    pub headers: Map<String, Value>,
    pub body: RequestBody,
    pub caller: String,
    pub user_email: Option<String>,
    pub expect: ExpectedAnswer,
}

#[derive(Debug, Clone)]
pub enum RequestBody {
    None,
    Json(Value),
    Raw(String),
}

#[derive(Debug, Clone)]
pub struct ExpectedAnswer {
    pub status: Value,
    pub body: Option<Value>,
    pub headers: Map<String, Value>,
    pub problem: Option<String>,
    pub save: Map<String, Value>,
}

impl Case {
    /// Reads one element of a file. A case that is not understood is still a case: it fails when run.
    pub fn parse(value: Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("id").unwrap_or_else(|| "(sans id)".to_owned());
        let title = text("title").unwrap_or_default();
        let content = parse_content(value).unwrap_or_else(Content::Unknown);
        Self { id, title, content }
    }

    /// Whether the case spends its time waiting rather than computing.
    pub fn is_slow(&self) -> bool {
        matches!(&self.content, Content::Scenario(scenario) if scenario.slow)
    }
}

fn parse_content(value: Value) -> Result<Content, String> {
    // Every time-out of a case is written with this word, wherever it stands.
    let slow = value.to_string().contains("hang\"");
    let value = crate::cases::short_names::replaced(value);
    let mut fields = Fields::of(value, "cas")?;
    fields.text("id")?;
    fields.text("title")?;
    if let Some(rule) = fields.optional_text("pure")? {
        let content = Content::Pure { rule, input: fields.required("input")?, expect: fields.required("expect")? };
        fields.finish()?;
        return Ok(content);
    }
    let now = instant(&fields.text("now")?)?;
    let given = fields.optional("given").unwrap_or_else(|| Value::Object(Map::new()));
    let Value::Array(steps) = fields.required("steps")? else {
        return Err("steps n'est pas une liste".to_owned());
    };
    fields.finish()?;
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| Step::parse(step, &format!("étape {}", index + 1)))
        .collect::<Result<_, _>>()?;
    Ok(Content::Scenario(Scenario { now, given, steps, slow }))
}

impl Step {
    fn parse(value: Value, place: &str) -> Result<Self, String> {
        let mut fields = Fields::of(value, place)?;
        let step = if let Some(request) = fields.optional("request") {
            Self::Request(Box::new(RequestStep::parse(request, &mut fields, place)?))
        } else if let Some(at) = fields.optional_text("at")? {
            Self::At(at)
        } else if let Some(given) = fields.optional("given") {
            Self::Given(given)
        } else if let Some(run) = fields.optional_text("run")? {
            Self::Run(match run.as_str() {
                "drain" => Run::Drain,
                "sweeper" => Run::Sweeper,
                "nightly-sync" => Run::NightlySync,
                _ => return Err(format!("{place}: construction inconnue: run {run:?}")),
            })
        } else if fields.has("expectWebhooks") {
            Self::ExpectWebhooks(fields.object("expectWebhooks")?)
        } else if fields.has("expectCalls") {
            Self::ExpectCalls(fields.object("expectCalls")?)
        } else if fields.has("expectState") {
            Self::ExpectState(fields.object("expectState")?)
        } else {
            let keys: Vec<&String> = fields.members.keys().collect();
            return Err(format!("{place}: construction inconnue: étape {keys:?}"));
        };
        fields.finish()?;
        Ok(step)
    }
}

impl RequestStep {
    fn parse(request: Value, step: &mut Fields, place: &str) -> Result<Self, String> {
        let mut fields = Fields::of(request, &format!("{place}, request"))?;
        let body = match (fields.has("body"), fields.optional("body"), fields.optional_text("rawBody")?) {
            (_, _, Some(raw)) => RequestBody::Raw(raw),
            (true, body, None) => RequestBody::Json(body.unwrap_or(Value::Null)),
            (false, _, None) => RequestBody::None,
        };
        let request = Self {
            method: fields.text("method")?,
            path: fields.text("path")?,
            headers: fields.object("headers")?,
            body,
            caller: step.text("as")?,
            user_email: step.optional_text("userEmail")?,
            expect: ExpectedAnswer::parse(step.required("expect")?, place)?,
        };
        fields.finish()?;
        Ok(request)
    }
}

impl ExpectedAnswer {
    fn parse(value: Value, place: &str) -> Result<Self, String> {
        let mut fields = Fields::of(value, &format!("{place}, expect"))?;
        let expected = Self {
            status: fields.required("status")?,
            body: fields.optional("body"),
            headers: fields.object("headers")?,
            problem: fields.optional_text("problem")?,
            save: fields.object("save")?,
        };
        fields.finish()?;
        Ok(expected)
    }
}

/// An instant as cases write it.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|_| format!("instant illisible: {text:?}"))
}

/// The members of an object, taken one by one: whatever is left at the end is unknown.
pub struct Fields {
    members: Map<String, Value>,
    place: String,
}

impl Fields {
    pub fn of(value: Value, place: &str) -> Result<Self, String> {
        match value {
            Value::Object(members) => Ok(Self { members, place: place.to_owned() }),
            other => Err(format!("{place}: objet attendu, trouvé {other}")),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    pub fn required(&mut self, name: &str) -> Result<Value, String> {
        self.optional(name).ok_or_else(|| format!("{}: il manque {name}", self.place))
    }

    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(format!("{}: {name}: texte attendu, trouvé {other}", self.place)),
        }
    }

    pub fn text(&mut self, name: &str) -> Result<String, String> {
        self.optional_text(name)?.ok_or_else(|| format!("{}: il manque {name}", self.place))
    }

    /// An object; empty when absent.
    pub fn object(&mut self, name: &str) -> Result<Map<String, Value>, String> {
        match self.optional(name) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members),
            Some(other) => Err(format!("{}: {name}: objet attendu, trouvé {other}", self.place)),
        }
    }

    pub fn finish(self) -> Result<(), String> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{}: construction inconnue: {name}", self.place)),
        }
    }
}
