//! The SAM template, read as the local stack needs it.
//!
//! `template.yaml` is the one source of truth: what the local stack creates, routes, polls and schedules is what
//! is written there. Anything with an effect that is not understood here is an error, never silently skipped:
//! a local stack that differs from the deployed one would be worse than none.

mod cron;
mod expression;
mod function;
mod queue;
mod role;
mod schedule;
mod table;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_yaml_ng::{Mapping, Value};

pub use cron::Cron;
pub use expression::{Expression, Names};
pub use function::{Function, QueueSource, Route};
pub use queue::{Queue, Redrive};
pub use role::{LeadingKeys, Role, Statement};
pub use schedule::{Schedule, When};
pub use table::{Index, KeySchema, Projection, Table};

/// The project's own template, embedded so that the binary runs from any folder.
pub const EMBEDDED: &str = include_str!("../../../template.yaml");

/// Sections that say nothing to the local stack, or are read apart.
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

/// Resource types without a local counterpart: logs, alarms (a nested stack), domain names and what is asked of the
/// transport belong to AWS.
const REMOTE_ONLY: [&str; 5] = [
    "AWS::ApiGatewayV2::",
    "AWS::CloudFormation::Stack",
    "AWS::Logs::",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::HttpApi",
];

/// What the local stack is made of, in the template's order.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// SQS queues.
    pub queues: Vec<Queue>,
    /// Logical ids of the Secrets Manager secrets.
    pub secrets: Vec<String>,
    /// Lambda functions with their events.
    pub functions: Vec<Function>,
    /// Roles of the functions.
    pub roles: Vec<Role>,
    /// Policies that people are given.
    pub policies: Vec<Role>,
    /// Values of the parameters that have a default.
    pub parameters: BTreeMap<String, String>,
}

/// Why a template was not understood. Messages are in French: the person who runs the stack reads them.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The text is no YAML.
    #[error("template.yaml : YAML illisible ({0})")]
    Yaml(#[source] serde_yaml_ng::Error),
    /// A section of the template this stack does not know.
    #[error("template.yaml : section « {0} » non prise en charge par la pile locale")]
    Section(String),
    /// A resource type this stack does not know.
    #[error("template.yaml : type « {kind} » de la ressource {resource} non pris en charge par la pile locale")]
    Type {
        /// Logical id.
        resource: String,
        /// CloudFormation type.
        kind: String,
    },
    /// A property this stack would otherwise silently ignore.
    #[error("template.yaml : propriété « {property} » de {resource} non prise en charge par la pile locale")]
    Property {
        /// Logical id, with the event's name where it is one's.
        resource: String,
        /// Name of the property.
        property: String,
    },
    /// A value of the wrong form.
    #[error("template.yaml : {resource} : {detail}")]
    Value {
        /// Logical id, with the event's name where it is one's.
        resource: String,
        /// What is wrong.
        detail: String,
    },
    /// A reference to something that is not in the template, or has no such attribute locally.
    #[error("template.yaml : référence « {0} » inconnue de la pile locale")]
    Reference(String),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// When the text is not YAML, or says something the local stack does not understand.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let document: Mapping = serde_yaml_ng::from_str(text).map_err(TemplateError::Yaml)?;
        if let Some(section) = unknown_key(&document, &SECTIONS) {
            return Err(TemplateError::Section(section));
        }
        let defaults = document
            .get("Globals")
            .and_then(|globals| globals.get("Function"))
            .and_then(Value::as_mapping)
            .cloned()
            .unwrap_or_default();
        let mut template = Self { parameters: parameters(&document), ..Self::default() };
        for (id, resource) in mapping(&document, "Resources").into_iter().flatten() {
            let id = id.as_str().unwrap_or_default();
            let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
            let properties = resource.get("Properties").and_then(Value::as_mapping).cloned().unwrap_or_default();
            // Made under a condition or not, what has no local counterpart makes no difference.
            if REMOTE_ONLY.iter().any(|prefix| kind.starts_with(prefix)) {
                continue;
            }
            if resource.get("Condition").is_some() {
                return Err(TemplateError::Property { resource: id.to_owned(), property: "Condition".to_owned() });
            }
            match kind {
                "AWS::DynamoDB::Table" => template.tables.push(Table::read(id, properties)?),
                "AWS::IAM::Role" => template.roles.push(Role::read(id, properties)?),
                "AWS::IAM::ManagedPolicy" => template.policies.push(Role::read_policy(id, properties)?),
                "AWS::SQS::Queue" => template.queues.push(Queue::read(id, properties)?),
                "AWS::SecretsManager::Secret" => {
                    only(id, &properties, &["Description", "KmsKeyId", "Tags"])?;
                    template.secrets.push(id.to_owned());
                }
                "AWS::Serverless::Function" => {
                    template.functions.push(Function::read(id, merged(&defaults, properties))?);
                }
                _ => {
                    return Err(TemplateError::Type { resource: id.to_owned(), kind: kind.to_owned() });
                }
            }
        }
        Ok(template)
    }
}

fn mapping<'a>(document: &'a Mapping, section: &str) -> Option<&'a Mapping> {
    document.get(section).and_then(Value::as_mapping)
}

fn parameters(document: &Mapping) -> BTreeMap<String, String> {
    mapping(document, "Parameters")
        .into_iter()
        .flatten()
        .filter_map(|(name, parameter)| {
            let default = expression::scalar(parameter.get("Default")?)?;
            Some((name.as_str()?.to_owned(), default))
        })
        .collect()
}

/// `properties` over `defaults`, maps merged in depth, as SAM merges its globals.
fn merged(defaults: &Mapping, properties: Mapping) -> Mapping {
    let mut result = defaults.clone();
    for (key, value) in properties {
        let value = match (result.get(&key), value) {
            (Some(Value::Mapping(below)), Value::Mapping(above)) => Value::Mapping(merged(below, above)),
            (_, value) => value,
        };
        result.insert(key, value);
    }
    result
}

fn unknown_key(mapping: &Mapping, known: &[&str]) -> Option<String> {
    mapping.keys().map(|key| key.as_str().unwrap_or_default()).find(|key| !known.contains(key)).map(str::to_owned)
}

/// Refuses a property outside `known`.
fn only(resource: &str, properties: &Mapping, known: &[&str]) -> Result<(), TemplateError> {
    match unknown_key(properties, known) {
        Some(property) => Err(TemplateError::Property { resource: resource.to_owned(), property }),
        None => Ok(()),
    }
}

/// Reads properties into their type, after refusing those outside `known`.
fn typed<T: DeserializeOwned>(resource: &str, properties: Mapping, known: &[&str]) -> Result<T, TemplateError> {
    only(resource, &properties, known)?;
    serde_yaml_ng::from_value(Value::Mapping(properties))
        .map_err(|error| TemplateError::Value { resource: resource.to_owned(), detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_s_own_template_is_understood() {
        let template = Template::parse(EMBEDDED).unwrap();
        let names = |of: Vec<&str>| of.join(" ");
        assert_eq!(
            names(template.tables.iter().map(|t| t.name.as_str()).collect()),
            "CommunsTable DroitsTable CoopTable"
        );
        for queue in template.queues.iter().filter(|queue| !queue.name.ends_with("DeadLetterQueue")) {
            let dead_letters = queue.name.replace("Queue", "DeadLetterQueue");
            assert!(queue.redrive.is_some(), "{} has no redrive policy", queue.name);
            assert!(template.queues.iter().any(|q| q.name == dead_letters), "{dead_letters}");
        }
        assert_eq!(
            names(template.functions.iter().map(|f| f.name.as_str()).collect()),
            "ProjectsApi WebhookFanout OutboxSweeper RightsChecker DataspaceSync"
        );
        assert_eq!(template.parameters["Stage"], "dev");
    }

    #[test]
    fn a_queue_stays_invisible_six_times_as_long_as_its_reader_may_run() {
        let template = Template::parse(EMBEDDED).unwrap();
        let fanout = template.functions.iter().find(|f| f.name == "WebhookFanout").unwrap();
        assert_eq!(fanout.sources.len(), 2);
        for source in &fanout.sources {
            let Expression::GetAtt { resource, .. } = &source.queue else { panic!("{source:?}") };
            let queue = template.queues.iter().find(|q| &q.name == resource).unwrap();
            assert!(u64::from(queue.visibility_timeout) >= 6 * fanout.timeout.as_secs(), "{resource}");
            assert!(queue.redrive.is_some() && source.reports_item_failures, "{resource}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let refusal = |text: &str| Template::parse(text).unwrap_err().to_string();
        assert!(refusal("a: [").contains("YAML illisible"));
        assert!(refusal("Hooks: {}").contains("« Hooks »"));
        let topic = "Resources: {Sujet: {Type: 'AWS::SNS::Topic'}}";
        assert!(refusal(topic).contains("« AWS::SNS::Topic » de la ressource Sujet"));
        let fifo = "Resources: {File: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true}}}";
        assert!(refusal(fifo).contains("« FifoQueue » de File"));
        let conditional = "Resources: {File: {Type: 'AWS::SQS::Queue', Condition: Grand}}";
        assert!(refusal(conditional).contains("« Condition » de File"));
        let bad = "Resources: {File: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: dix}}}";
        assert!(refusal(bad).starts_with("template.yaml : File : "));
    }

    #[test]
    fn globals_lie_under_a_function_s_own_properties() {
        let template = Template::parse(
            "Globals: {Function: {Timeout: 7, Environment: {Variables: {A: a, B: b}}}}\n\
             Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Environment: {Variables: {B: c}}}}}",
        )
        .unwrap();
        let function = &template.functions[0];
        assert_eq!(function.timeout.as_secs(), 7);
        let names = Names::default();
        let variables: Vec<_> =
            function.environment.iter().map(|(k, v)| (k.as_str(), v.resolve(&names).unwrap())).collect();
        assert_eq!(variables, [("A", "a".to_owned()), ("B", "c".to_owned())]);
    }
}
