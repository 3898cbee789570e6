//! IAM roles of the template: what each function may do.

use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};
use serde_yaml_ng::{Mapping, Value};

use super::{Expression, TemplateError, typed};

/// A role with its inline policies.
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
        let known = ["AssumeRolePolicyDocument", "Description", "Policies", "Tags"];
        let properties: Properties = typed(name, properties, &known)?;
        let statements = properties.policies.into_iter().flat_map(|policy| policy.policy_document.statement).collect();
        Ok(Self { name: name.to_owned(), statements })
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
                // X-Ray knows no resources.
                let traces = statement.actions.iter().all(|action| action.starts_with("xray:"));
                assert!(traces || !text.contains('*'), "{}: {text}", role.name);
            }
        }
    }

    #[test]
    fn only_plain_permissions_are_understood() {
        let check = |statement: &str, expected: &str| {
            let yaml = format!("{{Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{statement}]}}}}]}}");
            let error = Role::read("R", serde_yaml_ng::from_str(&yaml).unwrap()).unwrap_err().to_string();
            assert!(error.starts_with("template.yaml : R : ") && error.contains(expected), "{error}");
        };
        check("{Effect: Deny, Action: 'a:B', Resource: r}", "Deny");
        check("{Effect: Allow, Action: 'a:B', Resource: r, Condition: {}}", "Condition");
        check("{Effect: Allow, Action: 'a:B', Resource: !If [a, b, c]}", "!Ref, !GetAtt");
    }
}
