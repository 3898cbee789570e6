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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateSecretVersionStage {
    secret_id: String,
    version_stage: String,
    move_to_version_id: Option<String>,
    remove_from_version_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSecrets {
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_planned_deletion: bool,
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
    deleted_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_ids_to_stages: Option<BTreeMap<String, BTreeSet<String>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Listed {
    secret_list: Vec<Described>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
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
        if let Ok(secret) = live(state, &name, self.now()) {
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
        if state.contains_key(&name) {
            return Err(invalid_request(
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ));
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
        let secret = live(state, &input.secret_id, now)?;
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
        let secret = live(state, &input.secret_id, self.now())?;
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
        let secret = any(state, &input.secret_id, self.now())?;
        Ok(Done { output: Described::in_full(secret), changed: None })
    }

    pub(super) fn list_secrets(&self, state: &mut State, input: ListSecrets) -> Result<Done<Listed>, WireError> {
        let most = input.max_results.unwrap_or(100).clamp(1, 100);
        let mut secrets = state
            .values()
            .filter(|secret| secret.deleted_at.is_none() || input.include_planned_deletion)
            .filter(|secret| input.next_token.as_ref().is_none_or(|last| secret.name > *last));
        let page: Vec<&Secret> = secrets.by_ref().take(most).collect();
        let next_token = secrets.next().and_then(|_| page.last().map(|secret| secret.name.clone()));
        let secret_list = page.into_iter().map(Described::in_full).collect();
        Ok(Done { output: Listed { secret_list, next_token }, changed: None })
    }

    pub(super) fn delete_secret(&self, state: &mut State, input: DeleteSecret) -> Result<Done<Described>, WireError> {
        let now = self.now();
        let forced = input.force_delete_without_recovery.unwrap_or_default();
        let window = input.recovery_window_in_days.unwrap_or(30);
        if forced && input.recovery_window_in_days.is_some() {
            return Err(invalid_parameter(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        if !(7..=30).contains(&window) {
            return Err(invalid_parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
        }
        let deleted_at = if forced { now } else { now + window * 86_400_000 };
        let secret = live(state, &input.secret_id, now)?;
        secret.deleted_at = Some(deleted_at);
        let name = secret.name.clone();
        let output = Described { deletion_date: Some(seconds(deleted_at)), ..Described::of(secret) };
        if forced {
            state.remove(&name);
        }
        Ok(Done { output, changed: Some(name) })
    }

    pub(super) fn update_secret_version_stage(
        &self,
        state: &mut State,
        input: UpdateSecretVersionStage,
    ) -> Result<Done<Described>, WireError> {
        let secret = live(state, &input.secret_id, self.now())?;
        let stage = &input.version_stage;
        let holder = secret.holder(stage);
        if holder.is_some() && holder != input.remove_from_version_id && holder != input.move_to_version_id {
            return Err(invalid_parameter(&format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to \
                 version {}, so you must explicitly reference that version in RemoveFromVersionId.",
                holder.unwrap_or_default()
            )));
        }
        match &input.move_to_version_id {
            Some(id) if !secret.has_version(id) => {
                return Err(not_found("Secrets Manager can't find the specified secret version."));
            }
            Some(id) => secret.attach(stage, id),
            None if stage == CURRENT => {
                return Err(invalid_parameter("You can't remove the staging label AWSCURRENT without moving it."));
            }
            None => secret.detach(stage),
        }
        secret.changed_at = self.now();
        let output = Described::of(secret);
        Ok(Done { output, changed: Some(secret.name.clone()) })
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
            deleted_date: secret.deleted_at.map(seconds),
            version_ids_to_stages: Some(
                labels.into_iter().map(|(id, stages)| (id.to_owned(), stages.clone())).collect(),
            ),
            ..Self::of(secret)
        }
    }
}

/// The secret `id` means, deleted or not; one whose recovery window is over is gone.
fn any<'a>(state: &'a mut State, id: &str, now: i64) -> Result<&'a mut Secret, WireError> {
    state.retain(|_, secret| secret.deleted_at.is_none_or(|deleted_at| deleted_at > now));
    state
        .values_mut()
        .find(|secret| secret.is(id))
        .ok_or_else(|| not_found("Secrets Manager can't find the specified secret."))
}

/// The secret `id` means, unless its deletion was asked for.
fn live<'a>(state: &'a mut State, id: &str, now: i64) -> Result<&'a mut Secret, WireError> {
    let secret = any(state, id, now)?;
    if secret.deleted_at.is_some() {
        return Err(invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion.",
        ));
    }
    Ok(secret)
}

fn not_found(message: &str) -> WireError {
    WireError::refused("ResourceNotFoundException", message)
}

fn invalid_parameter(message: &str) -> WireError {
    WireError::refused("InvalidParameterException", message)
}

fn invalid_request(message: &str) -> WireError {
    WireError::refused("InvalidRequestException", message)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double for 285,000 years")]
fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}
