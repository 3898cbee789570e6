//! The version of the form items are kept in, written on each.
//!
//! A new form is rolled out in two deployments: first code that reads both forms and writes the old one, then code
//! that writes the new one. At any moment, whatever runs reads all there is, and each step can be taken back
//! (docs/procedures/schema-version.md). An item of a form from the future is an error, never half-read: code that
//! was rolled back too far must not write over what it does not understand.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::item::Attributes;

/// The attribute that carries the version.
const ATTRIBUTE: &str = "schema";
/// What this code writes. Raise it one deployment after [`READ`].
const WRITTEN: u32 = 1;
/// The newest this code reads. Items without a version are of the first.
const READ: u32 = 1;

const _: () = assert!(WRITTEN <= READ, "what is written must be read");

/// The attributes of an item, with its version.
pub(super) fn write(item: &impl Serialize) -> Result<Attributes, StoreError> {
    let mut attributes: Attributes = serde_dynamo::to_item(item)?;
    attributes.insert(ATTRIBUTE.to_owned(), AttributeValue::N(WRITTEN.to_string()));
    Ok(attributes)
}

/// Reads an item. The place where one of an older form is brought up to date, once there is such a form.
pub(super) fn read<T: DeserializeOwned>(item: Attributes) -> Result<T, StoreError> {
    let version = match item.get(ATTRIBUTE) {
        None => 1,
        Some(AttributeValue::N(version)) => version.parse().unwrap_or(u32::MAX),
        Some(_) => u32::MAX,
    };
    if version > READ {
        return Err(StoreError::Schema(version));
    }
    Ok(serde_dynamo::from_item(item)?)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Commune {
        nom: String,
    }

    fn check(version: Option<AttributeValue>, read_back: bool) {
        let mut item = write(&Commune { nom: "Nantes".to_owned() }).unwrap();
        item.remove(ATTRIBUTE);
        if let Some(version) = version.clone() {
            item.insert(ATTRIBUTE.to_owned(), version);
        }
        assert_eq!(read::<Commune>(item).is_ok(), read_back, "{version:?}");
    }

    #[test]
    fn what_is_written_is_read_and_the_future_is_refused() {
        let number = |version: u32| Some(AttributeValue::N(version.to_string()));
        let written = write(&Commune { nom: "Nantes".to_owned() }).unwrap();
        assert_eq!(written[ATTRIBUTE], AttributeValue::N(WRITTEN.to_string()));
        check(number(WRITTEN), true);
        check(number(READ), true);
        check(None, true);
        check(number(READ + 1), false);
        check(Some(AttributeValue::S("1".to_owned())), false);
    }
}
