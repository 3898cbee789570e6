//! The attributes of a queue that its owner sets: read once, checked against the limits of AWS.

use std::collections::BTreeMap;

use serde_json::Value;

use super::errors;
use super::naming;
use crate::wire::WireError;

/// Attributes as they are set and read: names and values are strings.
pub(super) type Attributes = BTreeMap<String, String>;

/// The largest message, and the largest batch, in bytes.
pub(super) const MESSAGE_LIMIT: usize = 1_048_576;

/// The attributes of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// What was set, word for word.
    given: Attributes,
    pub(super) delay_seconds: i64,
    pub(super) maximum_message_size: usize,
    pub(super) retention_seconds: i64,
    pub(super) wait_seconds: i64,
    pub(super) visibility_seconds: i64,
    pub(super) redrive: Option<Redrive>,
}

/// Where a message goes that was received too often without being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// Name of the dead-letter queue.
    pub(super) target: String,
    pub(super) max_receive_count: u32,
}

impl Settings {
    /// Reads the attributes of `CreateQueue`, with the defaults of AWS for those absent.
    ///
    /// # Errors
    /// When a name is unknown (FIFO queues are not part of this engine) or a value out of its range.
    pub(super) fn read(given: Attributes) -> Result<Self, WireError> {
        if let Some(unknown) = given.keys().find(|name| !is_settable(name)) {
            return Err(errors::invalid_attribute_name(unknown));
        }
        Ok(Self {
            delay_seconds: number(&given, "DelaySeconds", 0, 0, 900)?,
            maximum_message_size: usize::try_from(number(&given, "MaximumMessageSize", 1_048_576, 1_024, 1_048_576)?)
                .unwrap_or(MESSAGE_LIMIT),
            retention_seconds: number(&given, "MessageRetentionPeriod", 345_600, 60, 1_209_600)?,
            wait_seconds: number(&given, "ReceiveMessageWaitTimeSeconds", 0, 0, 20)?,
            visibility_seconds: number(&given, "VisibilityTimeout", 30, 0, 43_200)?,
            redrive: redrive(&given)?,
            given,
        })
    }

    /// These settings with `changes` on top; an empty `RedrivePolicy` removes it.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub(super) fn changed(&self, changes: Attributes) -> Result<Self, WireError> {
        let mut given = self.given.clone();
        given.extend(changes);
        given.retain(|_, value| !value.is_empty());
        Self::read(given)
    }

    /// What was set, word for word: the part worth keeping.
    pub(super) fn given(&self) -> &Attributes {
        &self.given
    }

    /// Whether a second `CreateQueue` with `other` means the same queue: each attribute it names has the
    /// value it names.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.shown(), other.shown());
        other.given.keys().all(|name| mine.get(name) == theirs.get(name))
    }

    /// Every attribute of the owner, defaults included.
    pub(super) fn shown(&self) -> Attributes {
        let mut shown = self.given.clone();
        let mut set = |name: &str, value: String| {
            shown.insert(name.to_owned(), value);
        };
        set("DelaySeconds", self.delay_seconds.to_string());
        set("MaximumMessageSize", self.maximum_message_size.to_string());
        set("MessageRetentionPeriod", self.retention_seconds.to_string());
        set("ReceiveMessageWaitTimeSeconds", self.wait_seconds.to_string());
        set("VisibilityTimeout", self.visibility_seconds.to_string());
        shown.entry("SqsManagedSseEnabled".to_owned()).or_insert_with(|| "true".to_owned());
        shown
    }
}

fn is_settable(name: &str) -> bool {
    matches!(
        name,
        "DelaySeconds"
            | "KmsDataKeyReusePeriodSeconds"
            | "KmsMasterKeyId"
            | "MaximumMessageSize"
            | "MessageRetentionPeriod"
            | "Policy"
            | "ReceiveMessageWaitTimeSeconds"
            | "RedriveAllowPolicy"
            | "RedrivePolicy"
            | "SqsManagedSseEnabled"
            | "VisibilityTimeout"
    )
}

fn number(given: &Attributes, name: &str, default: i64, least: i64, most: i64) -> Result<i64, WireError> {
    let Some(value) = given.get(name) else { return Ok(default) };
    value
        .parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| errors::invalid_attribute_value(name))
}

fn redrive(given: &Attributes) -> Result<Option<Redrive>, WireError> {
    let Some(policy) = given.get("RedrivePolicy") else { return Ok(None) };
    let invalid = || errors::invalid_attribute_value("RedrivePolicy");
    let policy: Value = serde_json::from_str(policy).map_err(|_| invalid())?;
    let target = policy["deadLetterTargetArn"].as_str().and_then(naming::name_in_arn).ok_or_else(invalid)?;
    // AWS takes the count as a number or as a string.
    let count = match &policy["maxReceiveCount"] {
        Value::String(text) => text.parse().ok(),
        count => count.as_u64(),
    };
    let max_receive_count = count
        .filter(|count| (1..=1_000).contains(count))
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(invalid)?;
    Ok(Some(Redrive { target: target.to_owned(), max_receive_count }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, WireError> {
        Settings::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn limits_are_those_of_aws() {
        for (name, least, most) in [
            ("DelaySeconds", 0, 900),
            ("MaximumMessageSize", 1_024, 1_048_576),
            ("MessageRetentionPeriod", 60, 1_209_600),
            ("ReceiveMessageWaitTimeSeconds", 0, 20),
            ("VisibilityTimeout", 0, 43_200),
        ] {
            for (value, accepted) in [(least, true), (most, true), (least - 1, false), (most + 1, false)] {
                assert_eq!(read(&[(name, &value.to_string())]).is_ok(), accepted, "{name}={value}");
            }
        }
        assert!(read(&[("FifoQueue", "true")]).is_err());
        assert!(read(&[("VisibilityTimeout", "soon")]).is_err());
    }

    #[test]
    fn a_redrive_policy_names_its_queue_and_its_count() {
        let policy = |count: &str| {
            let text = format!(
                r#"{{"deadLetterTargetArn":"arn:aws:sqs:eu-west-3:000000000000:dead","maxReceiveCount":{count}}}"#
            );
            read(&[("RedrivePolicy", &text)]).map(|settings| settings.redrive)
        };
        let expected = Some(Redrive { target: "dead".to_owned(), max_receive_count: 5 });
        assert_eq!(policy("5"), Ok(expected.clone()));
        assert_eq!(policy("\"5\""), Ok(expected));
        assert!(policy("0").is_err());
        assert!(policy("1001").is_err());
    }
}
