//! A message: what its sender gave, and what deliveries added.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// Named values that travel beside the body.
pub(super) type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// One message attribute, as on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    pub(super) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}

impl MessageAttribute {
    /// The value as bytes, and the mark of its kind in the checksum; `None` when it is not valid.
    pub(super) fn value(&self) -> Option<(u8, Vec<u8>)> {
        let kind = self.data_type.split('.').next().unwrap_or_default();
        let (mark, value) = match (kind, &self.string_value, &self.binary_value) {
            ("String" | "Number", Some(text), None) => (1, text.clone().into_bytes()),
            ("Binary", None, Some(text)) => (2, STANDARD.decode(text).ok()?),
            _ => return None,
        };
        (!value.is_empty()).then_some((mark, value))
    }
}

/// What a sender gave. Never changes while the message is in one queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) body_md5: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) attributes: MessageAttributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trace_header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// Milliseconds since 1970, as every instant of this engine.
    pub(super) sent_at: i64,
    /// When the delay given by the sender ends.
    pub(super) available_at: i64,
    /// ARN of the queue this message was moved from, in a dead-letter queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_source: Option<String>,
}

/// What deliveries added.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub(super) receive_count: u32,
    pub(super) first_received_at: Option<i64>,
    /// The deadline set by a consumer with `ChangeMessageVisibility`. It survives a restart; the
    /// deadline of an ordinary receive does not, since its consumer is gone too.
    pub(super) visible_at: Option<i64>,
}

/// MD5 of a text, in hexadecimal.
pub(super) fn md5_of(text: &str) -> String {
    hexadecimal(&Md5::digest(text))
}

/// MD5 of message attributes, as SQS defines it: names in order, each part preceded by its length.
pub(super) fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut hasher = Md5::new();
    let part = |hasher: &mut Md5, bytes: &[u8]| {
        hasher.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(bytes);
    };
    for (name, attribute) in attributes {
        let (mark, value) = attribute.value()?;
        part(&mut hasher, name.as_bytes());
        part(&mut hasher, attribute.data_type.as_bytes());
        hasher.update([mark]);
        part(&mut hasher, &value);
    }
    Some(hexadecimal(&hasher.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_sqs() {
        assert_eq!(md5_of("hello"), "5d41402abc4b2a76b9719d911017c592");
        let attribute =
            MessageAttribute { data_type: "String".to_owned(), string_value: Some("v".to_owned()), binary_value: None };
        let attributes = BTreeMap::from([("n".to_owned(), attribute)]);
        let by_hand = b"\0\0\0\x01n\0\0\0\x06String\x01\0\0\0\x01v";
        assert_eq!(md5_of_attributes(&attributes), Some(hexadecimal(&Md5::digest(by_hand))));
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
    }
}
