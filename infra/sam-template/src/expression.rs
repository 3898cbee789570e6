//! Values that name other resources: `!Ref`, `!GetAtt`, `!Sub`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_yaml_ng::Value;

use super::TemplateError;

/// A text of the template, possibly made of other resources' names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// Written out.
    Text(String),
    /// `!Ref Name`.
    Ref(String),
    /// `!GetAtt Resource.Attribute`.
    GetAtt {
        /// Logical id.
        resource: String,
        /// Attribute of that resource.
        attribute: String,
    },
    /// `!Sub "text with ${Name} or ${Resource.Attribute}"`.
    Sub(String),
}

/// What references stand for, once the resources exist.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Says what `!Ref resource` stands for.
    pub fn set(&mut self, resource: &str, value: impl Into<String>) {
        self.0.insert(resource.to_owned(), value.into());
    }

    /// Says what `!GetAtt resource.attribute` stands for.
    pub fn set_attribute(&mut self, resource: &str, attribute: &str, value: impl Into<String>) {
        self.0.insert(format!("{resource}.{attribute}"), value.into());
    }

    fn get(&self, reference: &str) -> Result<&str, TemplateError> {
        self.0.get(reference).map(String::as_str).ok_or_else(|| TemplateError::Reference(reference.to_owned()))
    }
}

impl Expression {
    /// The text this stands for.
    ///
    /// # Errors
    /// When it refers to something `names` does not know.
    pub fn resolve(&self, names: &Names) -> Result<String, TemplateError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Ref(name) => names.get(name).map(str::to_owned),
            Self::GetAtt { resource, attribute } => names.get(&format!("{resource}.{attribute}")).map(str::to_owned),
            Self::Sub(text) => substitute(text, names),
        }
    }

    fn from_value(value: &Value) -> Option<Self> {
        if let Some(text) = scalar(value) {
            return Some(Self::Text(text));
        }
        let (function, argument) = match value {
            Value::Tagged(tagged) => {
                let tag = tagged.tag.to_string();
                (tag.trim_start_matches('!').to_owned(), &tagged.value)
            }
            Value::Mapping(mapping) if mapping.len() == 1 => {
                let (name, argument) = mapping.iter().next()?;
                (name.as_str()?.trim_start_matches("Fn::").to_owned(), argument)
            }
            _ => return None,
        };
        match (function.as_str(), argument) {
            ("Ref", Value::String(name)) => Some(Self::Ref(name.clone())),
            ("Sub", Value::String(text)) => Some(Self::Sub(text.clone())),
            ("GetAtt", Value::String(path)) => {
                let (resource, attribute) = path.split_once('.')?;
                Some(Self::GetAtt { resource: resource.to_owned(), attribute: attribute.to_owned() })
            }
            ("GetAtt", Value::Sequence(parts)) => match parts.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    Some(Self::GetAtt { resource: resource.clone(), attribute: attribute.clone() })
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).ok_or_else(|| de::Error::custom("valeur attendue : un texte, !Ref, !GetAtt ou !Sub"))
    }
}

/// A scalar as CloudFormation passes it on: everything is text.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn substitute(text: &str, names: &Names) -> Result<String, TemplateError> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        result.push_str(before);
        let Some((name, remaining)) = after.split_once('}') else {
            return Err(TemplateError::Reference(after.to_owned()));
        };
        match name.strip_prefix('!') {
            // `${!Literal}` is CloudFormation's way to write `${Literal}`.
            Some(literal) => {
                result.push_str("${");
                result.push_str(literal);
                result.push('}');
            }
            None => result.push_str(names.get(name)?),
        }
        rest = remaining;
    }
    result.push_str(rest);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, expected: &str) {
        let mut names = Names::default();
        names.set("Table", "communs");
        names.set_attribute("Table", "Arn", "arn:aws:dynamodb:::table/communs");
        let expression: Expression = serde_yaml_ng::from_str(yaml).unwrap();
        assert_eq!(expression.resolve(&names).unwrap(), expected, "{yaml}");
    }

    #[test]
    fn every_form_resolves() {
        check("refused", "refused");
        check("12", "12");
        check("true", "true");
        check("!Ref Table", "communs");
        check("{Ref: Table}", "communs");
        check("!GetAtt Table.Arn", "arn:aws:dynamodb:::table/communs");
        check("{'Fn::GetAtt': [Table, Arn]}", "arn:aws:dynamodb:::table/communs");
        check("!Sub 'a-${Table}/${Table.Arn}/${!Kept}'", "a-communs/arn:aws:dynamodb:::table/communs/${Kept}");
    }

    #[test]
    fn unknown_names_and_functions_are_refused() {
        let names = Names::default();
        for yaml in ["!Ref Absent", "!GetAtt Absent.Arn", "!Sub '${Absent}'", "!Sub '${Open'"] {
            let expression: Expression = serde_yaml_ng::from_str(yaml).unwrap();
            assert!(expression.resolve(&names).is_err(), "{yaml}");
        }
        for yaml in ["!If [a, b, c]", "[a]", "!GetAtt NoAttribute"] {
            assert!(serde_yaml_ng::from_str::<Expression>(yaml).is_err(), "{yaml}");
        }
    }
}
