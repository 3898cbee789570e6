//! One secret: its versions, and the labels that say which of them is current.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::wire::WireError;
use crate::{ACCOUNT, REGION};

/// The version that readers get.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The version that was current before.
const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) description: Option<String>,
    /// Milliseconds since 1970, as every instant here.
    pub(super) created_at: i64,
    pub(super) changed_at: i64,
    versions: BTreeMap<String, Version>,
}

/// One value of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) value: Value,
    pub(super) stages: BTreeSet<String>,
    pub(super) created_at: i64,
}

/// A text or bytes (in base64), exactly one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Value {
    Text(String),
    Binary(String),
}

impl Secret {
    /// A secret without a value, `suffix` being the six characters that AWS appends to the ARN.
    pub(super) fn new(name: &str, suffix: &str, description: Option<String>, now: i64) -> Self {
        Self {
            name: name.to_owned(),
            arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}"),
            description,
            created_at: now,
            changed_at: now,
            versions: BTreeMap::new(),
        }
    }

    /// Adds a version under these labels. The same version with the same value is accepted again.
    ///
    /// # Errors
    /// When the version exists with another value.
    pub(super) fn put(&mut self, id: &str, value: Value, stages: &[String], now: i64) -> Result<(), WireError> {
        match self.versions.get(id) {
            Some(version) if version.value == value => {}
            Some(_) => {
                return Err(WireError::refused(
                    "ResourceExistsException",
                    format!(
                        "You can't use ClientRequestToken {id} because that value is already in use for a version of \
                         secret {}.",
                        self.arn
                    ),
                ));
            }
            None => {
                let version = Version { value, stages: BTreeSet::new(), created_at: now };
                self.versions.insert(id.to_owned(), version);
                for stage in stages {
                    self.attach(stage, id);
                }
            }
        }
        self.changed_at = now;
        Ok(())
    }

    /// Gives a label to one version, taking it from any other; the version that loses `AWSCURRENT`
    /// becomes `AWSPREVIOUS`.
    fn attach(&mut self, stage: &str, id: &str) {
        let holder = self.holder(stage);
        if holder.as_deref() == Some(id) {
            return;
        }
        self.detach(stage);
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
        if stage == CURRENT
            && let Some(former) = holder
        {
            self.detach(PREVIOUS);
            if let Some(version) = self.versions.get_mut(&former) {
                version.stages.insert(PREVIOUS.to_owned());
            }
        }
    }

    /// Takes a label away from whichever version has it.
    fn detach(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    /// The version that has a label.
    fn holder(&self, stage: &str) -> Option<String> {
        self.versions.iter().find(|(_, version)| version.stages.contains(stage)).map(|(id, _)| id.clone())
    }

    /// A version by its id, by a label, or by both when they agree; the current one by default.
    pub(super) fn version(&self, id: Option<&str>, stage: Option<&str>) -> Option<(&str, &Version)> {
        let (found, version) = match id {
            Some(id) => self.versions.get_key_value(id)?,
            None => {
                let stage = stage.unwrap_or(CURRENT);
                self.versions.iter().find(|(_, version)| version.stages.contains(stage))?
            }
        };
        let agrees = stage.is_none_or(|stage| version.stages.contains(stage));
        agrees.then_some((found.as_str(), version))
    }

    /// The labels of each version that has some; AWS shows no others.
    pub(super) fn labelled_versions(&self) -> BTreeMap<&str, &BTreeSet<String>> {
        self.versions
            .iter()
            .filter(|(_, version)| !version.stages.is_empty())
            .map(|(id, version)| (id.as_str(), &version.stages))
            .collect()
    }

    /// Whether `id` means this secret: its name, its ARN, or its ARN without the suffix.
    pub(super) fn is(&self, id: &str) -> bool {
        self.name == id
            || self.arn == id
            || self.arn.strip_prefix(id).is_some_and(|rest| id.starts_with("arn:") && is_suffix(rest))
    }
}

/// A hyphen and six characters.
fn is_suffix(rest: &str) -> bool {
    rest.len() == 7 && rest.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Value {
        Value::Text(value.to_owned())
    }

    fn labels(secret: &Secret) -> Vec<(String, String)> {
        secret
            .labelled_versions()
            .into_iter()
            .flat_map(|(id, stages)| stages.iter().map(|stage| (stage.clone(), id.to_owned())))
            .collect()
    }

    #[test]
    fn the_version_replaced_becomes_the_previous_one() {
        let mut secret = Secret::new("s", "AbCdEf", None, 0);
        let current = [CURRENT.to_owned()];
        for id in ["v1", "v2", "v3"] {
            assert_eq!(secret.put(id, text(id), &current, 0), Ok(()));
        }
        assert_eq!(labels(&secret), [(PREVIOUS.to_owned(), "v2".to_owned()), (CURRENT.to_owned(), "v3".to_owned())]);
        secret.attach(CURRENT, "v2");
        assert_eq!(labels(&secret), [(CURRENT.to_owned(), "v2".to_owned()), (PREVIOUS.to_owned(), "v3".to_owned())]);
    }

    #[test]
    fn a_version_is_written_once() {
        let mut secret = Secret::new("s", "AbCdEf", None, 0);
        let current = [CURRENT.to_owned()];
        assert!(secret.put("v1", text("a"), &current, 0).is_ok());
        assert!(secret.put("v1", text("a"), &current, 0).is_ok());
        assert!(secret.put("v1", text("b"), &current, 0).is_err());
    }

    #[test]
    fn a_secret_answers_to_its_name_and_its_arn() {
        let secret = Secret::new("a/b", "AbCdEf", None, 0);
        assert!(secret.is("a/b"));
        assert!(secret.is(&secret.arn));
        assert!(secret.is(secret.arn.trim_end_matches("-AbCdEf")));
        assert!(!secret.is("a"));
        assert!(!secret.is("arn:aws"));
    }
}
