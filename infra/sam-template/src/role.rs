//! IAM roles of the template: what each function may do.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_yaml_ng::{Mapping, Value};

use super::{Expression, TemplateError, typed};

/// A role with its inline policies, or a policy of its own.
#[derive(Debug, Clone)]
pub struct Role {
    /// Logical id.
    pub name: String,
    /// The statements of all its policies; each allows.
    pub statements: Vec<Statement>,
}

/// Allows some actions on some resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    #[expect(dead_code, reason = "read to refuse anything but Allow")]
    effect: Effect,
    /// `service:Action`.
    #[serde(rename = "Action", deserialize_with = "one_or_many")]
    pub actions: Vec<String>,
    /// ARNs.
    #[serde(rename = "Resource", deserialize_with = "one_or_many")]
    pub resources: Vec<Expression>,
    /// Of tables, the partition keys that may be named; all of them where nothing is said.
    #[serde(default, rename = "Condition")]
    pub keys: Option<LeadingKeys>,
}

/// A condition on `dynamodb:LeadingKeys`, the only one that is understood: `P#*` is every key that begins with `P#`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, BTreeMap<String, Vec<String>>>")]
pub enum LeadingKeys {
    /// `ForAllValues:StringLike`: these and no others.
    Only(Vec<String>),
    /// `ForAllValues:StringNotLike`: all but these.
    AllBut(Vec<String>),
}

impl LeadingKeys {
    /// Whether a partition key may be named.
    #[must_use]
    pub fn allow(&self, key: &str) -> bool {
        let like = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => key == pattern,
        };
        match self {
            Self::Only(patterns) => patterns.iter().any(like),
            Self::AllBut(patterns) => !patterns.iter().any(like),
        }
    }
}

impl fmt::Display for LeadingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(patterns) => write!(f, "only {}", patterns.join(" ")),
            Self::AllBut(patterns) => write!(f, "but {}", patterns.join(" ")),
        }
    }
}

impl TryFrom<BTreeMap<String, BTreeMap<String, Vec<String>>>> for LeadingKeys {
    type Error = String;

    fn try_from(condition: BTreeMap<String, BTreeMap<String, Vec<String>>>) -> Result<Self, String> {
        let mut operators = condition.into_iter();
        let (Some((operator, keys)), None) = (operators.next(), operators.next()) else {
            return Err("Condition : un seul opérateur est compris".to_owned());
        };
        let mut keys = keys.into_iter();
        let patterns = match (keys.next(), keys.next()) {
            (Some((key, patterns)), None) if key == "dynamodb:LeadingKeys" => patterns,
            _ => return Err("Condition : seul dynamodb:LeadingKeys est compris".to_owned()),
        };
        if patterns.iter().any(|pattern| pattern.trim_end_matches('*').contains(['*', '?'])) {
            return Err("Condition : * n'est compris qu'à la fin".to_owned());
        }
        match operator.as_str() {
            "ForAllValues:StringLike" => Ok(Self::Only(patterns)),
            "ForAllValues:StringNotLike" => Ok(Self::AllBut(patterns)),
            _ => Err(format!("Condition : opérateur {operator} inconnu")),
        }
    }
}

/// Only `Allow` is understood: a `Deny` would have to be weighed against the others.
#[derive(Debug, Clone, Deserialize)]
enum Effect {
    Allow,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default)]
    policies: Vec<Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: Vec<Statement>,
}

impl Role {
    pub(super) fn read(name: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let known = ["AssumeRolePolicyDocument", "Description", "PermissionsBoundary", "Policies", "Tags"];
        let properties: Properties = typed(name, properties, &known)?;
        let statements = properties.policies.into_iter().flat_map(|policy| policy.policy_document.statement).collect();
        Ok(Self { name: name.to_owned(), statements })
    }

    /// A policy that stands for itself, for people to be given.
    pub(super) fn read_policy(name: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let policy: Policy = typed(name, properties, &["Description", "PolicyDocument"])?;
        Ok(Self { name: name.to_owned(), statements: policy.policy_document.statement })
    }
}

fn one_or_many<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let values = match Value::deserialize(deserializer)? {
        Value::Sequence(values) => values,
        one => vec![one],
    };
    values.into_iter().map(|value| serde_yaml_ng::from_value(value).map_err(de::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{EMBEDDED, Template};
    use super::*;

    #[test]
    fn no_role_of_the_template_uses_a_wildcard() {
        let template = Template::parse(EMBEDDED).unwrap();
        assert_eq!(template.roles.len(), template.functions.len());
        for role in &template.roles {
            for statement in &role.statements {
                assert!(statement.actions.iter().all(|action| !action.contains('*')), "{}", role.name);
                let text = format!("{:?}", statement.resources);
                assert!(!text.contains('*'), "{}: {text}", role.name);
            }
        }
    }

    #[test]
    fn keys_are_allowed_by_their_beginnings() {
        let keys = |text: &str| serde_yaml_ng::from_str::<LeadingKeys>(text).unwrap();
        let only = keys("{'ForAllValues:StringLike': {'dynamodb:LeadingKeys': ['K#*', WEBHOOKS]}}");
        assert_eq!(
            ["K#1", "K#", "WEBHOOKS", "WEBHOOKS#a", "P#1"].map(|key| only.allow(key)),
            [true, true, true, false, false]
        );
        let all_but = keys("{'ForAllValues:StringNotLike': {'dynamodb:LeadingKeys': ['K#*', 'S#*']}}");
        assert_eq!(["K#1", "S#1", "P#1"].map(|key| all_but.allow(key)), [false, false, true]);
    }

    #[test]
    fn only_plain_permissions_are_understood() {
        let check = |statement: &str, expected: &str| {
            let yaml = format!("{{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{statement}]}}}}]}}");
            let error = Role::read("R", serde_yaml_ng::from_str(&yaml).unwrap()).unwrap_err().to_string();
            assert!(error.starts_with("template.yaml : R : ") && error.contains(expected), "{error}");
        };
        check("{Effect: Deny, Action: 'a:B', Resource: r}", "Deny");
        let on = |condition: &str| format!("{{Effect: Allow, Action: 'a:B', Resource: r, Condition: {condition}}}");
        check(&on("{}"), "Condition");
        check(&on("{Bool: {'aws:SecureTransport': ['true']}}"), "dynamodb:LeadingKeys");
        check(&on("{StringEquals: {'dynamodb:LeadingKeys': [a]}}"), "StringEquals");
        check(&on("{'ForAllValues:StringLike': {'dynamodb:LeadingKeys': ['a*b']}}"), "*");
        check("{Effect: Allow, Action: 'a:B', Resource: !If [a, b, c]}", "!Ref, !GetAtt");
    }
}
