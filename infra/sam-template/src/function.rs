//! Lambda functions of the template and the events that invoke them.

use std::time::Duration;

use serde::Deserialize;
use serde_yaml_ng::{Mapping, Value};

use super::{Expression, Schedule, TemplateError, typed};

/// Properties read, and those that only matter on AWS (packaging, capacity, logs, traces).
const PROPERTIES: [&str; 15] = [
    "Architectures",
    "CodeUri",
    "Description",
    "Environment",
    "EventInvokeConfig",
    "Events",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "Tags",
    "Timeout",
    "Tracing",
];

/// A function and what invokes it.
#[derive(Debug, Clone)]
pub struct Function {
    /// Logical id.
    pub name: String,
    /// How long one invocation may run.
    pub timeout: Duration,
    /// Logical id of its role.
    pub role: Option<String>,
    /// Environment variables, in the template's order.
    pub environment: Vec<(String, Expression)>,
    /// HTTP routes.
    pub routes: Vec<Route>,
    /// Queues it reads.
    pub sources: Vec<QueueSource>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
}

/// An HTTP route of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `ANY`, or one method in capitals.
    pub method: String,
    /// As API Gateway writes it: `/communs/v1/{proxy+}`.
    pub path: String,
}

/// An event source mapping on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSource {
    /// ARN of the queue.
    pub queue: Expression,
    /// Records per invocation, at most.
    pub batch_size: u32,
    /// How long to gather records before invoking.
    pub window: Duration,
    /// Invocations at a time, at most.
    pub maximum_concurrency: Option<usize>,
    /// Whether the function's answer names the records that failed.
    pub reports_item_failures: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    /// SAM's default: three seconds.
    #[serde(default = "three_seconds")]
    timeout: u64,
    role: Option<Expression>,
    #[serde(default)]
    environment: Environment,
    #[serde(default)]
    events: Mapping,
}

const fn three_seconds() -> u64 {
    3
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    variables: Mapping,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Event {
    r#type: String,
    #[serde(default)]
    properties: Mapping,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HttpProperties {
    method: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueProperties {
    queue: Expression,
    #[serde(default = "ten")]
    batch_size: u32,
    #[serde(default)]
    maximum_batching_window_in_seconds: u64,
    #[serde(default)]
    function_response_types: Vec<String>,
    #[serde(default)]
    scaling_config: Scaling,
}

const fn ten() -> u32 {
    10
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Scaling {
    maximum_concurrency: Option<usize>,
}

impl Function {
    pub(super) fn read(name: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let properties: Properties = typed(name, properties, &PROPERTIES)?;
        let environment = properties
            .environment
            .variables
            .into_iter()
            .map(|(variable, value)| {
                let variable = variable.as_str().unwrap_or_default().to_owned();
                let value = serde_yaml_ng::from_value(value)
                    .map_err(|error| refused(&format!("{name}.{variable}"), error.to_string()))?;
                Ok((variable, value))
            })
            .collect::<Result<_, TemplateError>>()?;
        let mut function = Self {
            name: name.to_owned(),
            timeout: Duration::from_secs(properties.timeout),
            role: role(name, properties.role)?,
            environment,
            routes: Vec::new(),
            sources: Vec::new(),
            schedules: Vec::new(),
        };
        for (id, event) in properties.events {
            function.add(&format!("{name}.{}", id.as_str().unwrap_or_default()), event)?;
        }
        Ok(function)
    }

    fn add(&mut self, id: &str, event: Value) -> Result<(), TemplateError> {
        let event: Event = serde_yaml_ng::from_value(event).map_err(|error| refused(id, error.to_string()))?;
        match event.r#type.as_str() {
            "HttpApi" => {
                let http: HttpProperties = typed(id, event.properties, &["ApiId", "Method", "Path"])?;
                self.routes.push(Route { method: http.method.to_uppercase(), path: http.path });
            }
            "SQS" => self.sources.push(queue_source(id, event.properties)?),
            "Schedule" => self.schedules.push(Schedule::rule(id, event.properties)?),
            "ScheduleV2" => self.schedules.push(Schedule::scheduler(id, event.properties)?),
            other => {
                return Err(TemplateError::Type { resource: id.to_owned(), kind: other.to_owned() });
            }
        }
        Ok(())
    }
}

/// The role must be the template's own: another one's permissions are not known here.
fn role(function: &str, role: Option<Expression>) -> Result<Option<String>, TemplateError> {
    match role {
        None => Ok(None),
        Some(Expression::GetAtt { resource, attribute }) if attribute == "Arn" => Ok(Some(resource)),
        Some(_) => Err(refused(function, "Role doit être un !GetAtt Role.Arn".to_owned())),
    }
}

fn queue_source(id: &str, properties: Mapping) -> Result<QueueSource, TemplateError> {
    let known = ["BatchSize", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds", "Queue", "ScalingConfig"];
    let source: QueueProperties = typed(id, properties, &known)?;
    if !(1..=10).contains(&source.batch_size) {
        // Larger batches need several receives and a window: nothing here uses them.
        return Err(refused(id, "BatchSize doit être compris entre 1 et 10".to_owned()));
    }
    if let Some(other) = source.function_response_types.iter().find(|t| *t != "ReportBatchItemFailures") {
        return Err(refused(id, format!("FunctionResponseTypes « {other} » inconnu")));
    }
    Ok(QueueSource {
        queue: source.queue,
        batch_size: source.batch_size,
        window: Duration::from_secs(source.maximum_batching_window_in_seconds),
        maximum_concurrency: source.scaling_config.maximum_concurrency,
        reports_item_failures: !source.function_response_types.is_empty(),
    })
}

fn refused(resource: &str, detail: String) -> TemplateError {
    TemplateError::Value { resource: resource.to_owned(), detail }
}

#[cfg(test)]
mod tests {
    use super::super::{EMBEDDED, Template};
    use super::*;
    use crate::When;

    #[test]
    fn the_functions_of_the_template_have_their_events() {
        let template = Template::parse(EMBEDDED).unwrap();
        let [api, fanout, sweeper, rights, dataspace] = template.functions.as_slice() else { panic!("five functions") };
        let routes: Vec<_> = api.routes.iter().map(|r| format!("{} {}", r.method, r.path)).collect();
        assert_eq!(routes, ["ANY /communs/v1/{proxy+}", "GET /problems/{code}", "GET /problems"]);
        assert_eq!(fanout.timeout, Duration::from_secs(30));
        let batches: Vec<_> = fanout.sources.iter().map(|s| (s.batch_size, s.maximum_concurrency)).collect();
        assert_eq!(batches, [(10, Some(200)), (10, Some(50))]);
        let every_minute = When::Every(Duration::from_secs(60));
        assert_eq!(sweeper.schedules[0].when, every_minute);
        assert_eq!(rights.schedules[0].when, every_minute);
        assert!(matches!(dataspace.schedules[0].when, When::At(_)));
        assert_eq!(dataspace.schedules[0].input["job"], "nightly-sync");
        assert_eq!(dataspace.schedules[1].when, every_minute);
    }

    #[test]
    fn an_event_that_is_not_understood_is_named() {
        let check = |event: &str, expected: &str| {
            let yaml = format!("{{Events: {{Reveil: {event}}}}}");
            let error = Function::read("F", serde_yaml_ng::from_str(&yaml).unwrap()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        check("{Type: SNS}", "« SNS » de la ressource F.Reveil");
        check("{Type: Schedule, Properties: {Schedule: cron(0 2 ? * MON-FRI *)}}", "F.Reveil : jour de la semaine");
        check("{Type: Schedule, Properties: {Schedule: rate(1 day), Input: x}}", "F.Reveil : Input");
        check("{Type: SQS, Properties: {Queue: q, BatchSize: 100}}", "BatchSize");
    }
}
