//! A JSON value stored as its deflated text.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::{Deserializer, Visitor};
use serde::ser::{Error as _, Serializer};
use serde_json::Value;

fn pack(value: &Value) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(value.to_string().as_bytes())?;
    encoder.finish()
}

/// `#[serde(with = "crate::store::deflated")]`
///
/// # Errors
/// None in practice.
pub(crate) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(&pack(value).map_err(S::Error::custom)?)
}

/// `#[serde(with = "crate::store::deflated")]`
///
/// # Errors
/// When the bytes are not deflated JSON.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    deserializer.deserialize_bytes(Packed)
}

struct Packed;

impl Visitor<'_> for Packed {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("deflated JSON")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        let mut text = Vec::new();
        DeflateDecoder::new(bytes).read_to_end(&mut text).map_err(E::custom)?;
        serde_json::from_slice(&text).map_err(E::custom)
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Value, E> {
        self.visit_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::AttributeValue;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Serialize, Deserialize)]
    struct Stored(#[serde(with = "super")] Value);

    proptest! {
        #[test]
        fn what_is_packed_unpacks(text in ".{0,400}", number in any::<i64>()) {
            let value = json!({"nom": text, "liste": [number, null, true]});
            let attribute: AttributeValue = serde_dynamo::to_attribute_value(Stored(value.clone())).unwrap();
            prop_assert!(attribute.is_b());
            prop_assert_eq!(serde_dynamo::from_attribute_value::<_, Stored>(attribute).unwrap().0, value);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bytes in [b"{}".to_vec(), Vec::new()] {
            let attribute = AttributeValue::B(bytes.into());
            assert!(serde_dynamo::from_attribute_value::<_, Stored>(attribute).is_err());
        }
    }
}
