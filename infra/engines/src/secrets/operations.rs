//! The operations of Secrets Manager, as its SDK calls them.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use rand::distr::Alphanumeric;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::secret::{CURRENT, Secret, Value};
use super::{Done, Secrets, State};
use crate::wire::WireError;

/// Largest value of a secret, in bytes.
const VALUE_LIMIT: usize = 65_536;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSecret {
    name: String,
    description: Option<String>,
    #[serde(flatten)]
    value: NewValue,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutSecretValue {
    secret_id: String,
    version_stages: Option<Vec<String>>,
    #[serde(flatten)]
    value: NewValue,
}

/// A value on its way in, and the token that makes it a version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewValue {
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeSecret {
    secret_id: String,
}

/// A secret, as most operations describe it. Instants are seconds since 1970.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Described {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_stages: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_binary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_changed_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_ids_to_stages: Option<BTreeMap<String, BTreeSet<String>>>,
}

impl Secrets {
    pub(super) fn create_secret(&self, state: &mut State, input: CreateSecret) -> Result<Done<Described>, WireError> {
        let CreateSecret { name, description, value } = input;
        let valid = (1..=512).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte));
        if !valid {
            return Err(invalid_parameter(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
            ));
        }
        let value = value.version()?;
        if let Ok(secret) = find(state, &name) {
            // A create that is retried with its token finds its own work.
            return match value {
                Some((id, value)) if secret.version(Some(&id), None).is_some_and(|(_, kept)| kept.value == value) => {
                    Ok(Done { output: Described::of(secret).with_version(&id, secret), changed: None })
                }
                _ => Err(WireError::refused(
                    "ResourceExistsException",
                    format!("The operation failed because the secret {name} already exists."),
                )),
            };
        }
        let suffix: String = rand::rng().sample_iter(Alphanumeric).take(6).map(char::from).collect();
        let mut secret = Secret::new(&name, &suffix, description, self.now());
        let mut output = Described::of(&secret);
        if let Some((id, value)) = value {
            secret.put(&id, value, &[CURRENT.to_owned()], self.now())?;
            output = output.with_version(&id, &secret);
        }
        state.insert(name.clone(), secret);
        Ok(Done { output, changed: Some(name) })
    }

    pub(super) fn put_secret_value(
        &self,
        state: &mut State,
        input: PutSecretValue,
    ) -> Result<Done<Described>, WireError> {
        let now = self.now();
        let secret = find(state, &input.secret_id)?;
        let (id, value) = input
            .value
            .version()?
            .ok_or_else(|| invalid_parameter("You must provide either SecretString or SecretBinary."))?;
        let stages = input.version_stages.unwrap_or_else(|| vec![CURRENT.to_owned()]);
        secret.put(&id, value, &stages, now)?;
        let output = Described::of(secret).with_version(&id, secret);
        Ok(Done { output, changed: Some(secret.name.clone()) })
    }

    pub(super) fn get_secret_value(
        &self,
        state: &mut State,
        input: GetSecretValue,
    ) -> Result<Done<Described>, WireError> {
        let secret = find(state, &input.secret_id)?;
        let Some((id, version)) = secret.version(input.version_id.as_deref(), input.version_stage.as_deref()) else {
            return Err(not_found("Secrets Manager can't find the specified secret value."));
        };
        let (text, binary) = match version.value.clone() {
            Value::Text(text) => (Some(text), None),
            Value::Binary(bytes) => (None, Some(bytes)),
        };
        let output = Described {
            secret_string: text,
            secret_binary: binary,
            created_date: Some(seconds(version.created_at)),
            ..Described::of(secret).with_version(id, secret)
        };
        Ok(Done { output, changed: None })
    }

    pub(super) fn describe_secret(
        &self,
        state: &mut State,
        input: DescribeSecret,
    ) -> Result<Done<Described>, WireError> {
        let secret = find(state, &input.secret_id)?;
        Ok(Done { output: Described::in_full(secret), changed: None })
    }
}

impl NewValue {
    /// The version this makes, if there is a value.
    fn version(self) -> Result<Option<(String, Value)>, WireError> {
        let value = match (self.secret_string, self.secret_binary) {
            (Some(_), Some(_)) => {
                return Err(invalid_parameter("You can't specify both SecretString and SecretBinary."));
            }
            (Some(text), None) if text.len() <= VALUE_LIMIT => Value::Text(text),
            (None, Some(bytes)) if bytes.len() / 4 * 3 <= VALUE_LIMIT => Value::Binary(bytes),
            (None, None) => return Ok(None),
            _ => return Err(invalid_parameter("The secret value must have length less than or equal to 65536.")),
        };
        let id = self.client_request_token.unwrap_or_else(|| Uuid::new_v4().to_string());
        if !(32..=64).contains(&id.len()) {
            return Err(invalid_parameter("ClientRequestToken must be 32-64 characters long."));
        }
        Ok(Some((id, value)))
    }
}

impl Described {
    fn of(secret: &Secret) -> Self {
        Self { arn: secret.arn.clone(), name: secret.name.clone(), ..Self::default() }
    }

    fn with_version(self, id: &str, secret: &Secret) -> Self {
        let stages = secret.version(Some(id), None).map(|(_, version)| version.stages.clone());
        Self { version_id: Some(id.to_owned()), version_stages: stages, ..self }
    }

    fn in_full(secret: &Secret) -> Self {
        let labels = secret.labelled_versions();
        Self {
            description: secret.description.clone(),
            created_date: Some(seconds(secret.created_at)),
            last_changed_date: Some(seconds(secret.changed_at)),
            version_ids_to_stages: Some(
                labels.into_iter().map(|(id, stages)| (id.to_owned(), stages.clone())).collect(),
            ),
            ..Self::of(secret)
        }
    }
}

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Secret, WireError> {
    state
        .values_mut()
        .find(|secret| secret.is(id))
        .ok_or_else(|| not_found("Secrets Manager can't find the specified secret."))
}

fn not_found(message: &str) -> WireError {
    WireError::refused("ResourceNotFoundException", message)
}

fn invalid_parameter(message: &str) -> WireError {
    WireError::refused("InvalidParameterException", message)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double for 285,000 years")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}
