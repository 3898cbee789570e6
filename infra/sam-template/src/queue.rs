//! SQS queues of the template.

use serde::Deserialize;
use serde_yaml_ng::Mapping;

use super::{Expression, TemplateError, typed};

/// Properties read, and those that only matter on AWS (encryption, tags).
const PROPERTIES: [&str; 8] = [
    "DelaySeconds",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "Tags",
    "VisibilityTimeout",
];

/// A standard queue; its logical id is its local name. Durations are in seconds.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Logical id.
    pub name: String,
    /// How long a received message stays invisible.
    pub visibility_timeout: u32,
    /// How long a message is kept.
    pub retention_period: u32,
    /// How long a new message stays invisible.
    pub delay: u32,
    /// How long a receive waits by default.
    pub receive_wait: u32,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redrive {
    /// ARN of the dead-letter queue.
    #[serde(rename = "deadLetterTargetArn")]
    pub target: Expression,
    /// Receives after which a message moves there.
    pub max_receive_count: u32,
}

/// Defaults are those of AWS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default = "thirty_seconds")]
    visibility_timeout: u32,
    #[serde(default = "four_days")]
    message_retention_period: u32,
    #[serde(default)]
    delay_seconds: u32,
    #[serde(default)]
    receive_message_wait_time_seconds: u32,
    redrive_policy: Option<Redrive>,
}

const fn thirty_seconds() -> u32 {
    30
}

const fn four_days() -> u32 {
    345_600
}

impl Queue {
    pub(super) fn read(name: &str, properties: Mapping) -> Result<Self, TemplateError> {
        let properties: Properties = typed(name, properties, &PROPERTIES)?;
        Ok(Self {
            name: name.to_owned(),
            visibility_timeout: properties.visibility_timeout,
            retention_period: properties.message_retention_period,
            delay: properties.delay_seconds,
            receive_wait: properties.receive_message_wait_time_seconds,
            redrive: properties.redrive_policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_as_on_aws() {
        let queue = Queue::read("File", Mapping::new()).unwrap();
        let figures =
            (queue.visibility_timeout, queue.retention_period, queue.delay, queue.receive_wait, queue.redrive);
        assert_eq!(figures, (30, 345_600, 0, 0, None));
    }

    #[test]
    fn a_redrive_policy_names_its_queue() {
        let yaml = "{RedrivePolicy: {deadLetterTargetArn: !GetAtt Morte.Arn, maxReceiveCount: 5}}";
        let queue = Queue::read("File", serde_yaml_ng::from_str(yaml).unwrap()).unwrap();
        let target = Expression::GetAtt { resource: "Morte".into(), attribute: "Arn".into() };
        assert_eq!(queue.redrive, Some(Redrive { target, max_receive_count: 5 }));
    }
}
