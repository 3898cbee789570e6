//! The errors of requests that cannot be read, in DynamoDB's own classes.
//!
//! `dynoxide` marks the class of an error at the head of its text, because serde carries nothing else.
//! No mark may reach the wire.

use dynoxide::DynoxideError;

/// The error of an input that could not be decoded.
pub(super) fn refusal(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    if let Some(as_read) = text.strip_prefix("SERIALIZATION_AS_READ:") {
        return DynoxideError::SerializationException(as_read.to_owned());
    }
    if let Some(as_read) = text.strip_prefix("VALIDATION_AS_READ:") {
        return DynoxideError::ValidationException(as_read.to_owned());
    }
    let plain = without_position(&text);
    if let Some(message) = plain.strip_prefix("SERIALIZATION:") {
        DynoxideError::SerializationException(message.to_owned())
    } else if let Some(message) = plain.strip_prefix("VALIDATION_REQUEST:") {
        DynoxideError::EnvelopedValidation(message.to_owned())
    } else if let Some(message) = plain.strip_prefix("VALIDATION:") {
        DynoxideError::ValidationException(message.to_owned())
    } else if is_validation(plain) {
        DynoxideError::ValidationException(plain.to_owned())
    } else {
        DynoxideError::SerializationException(plain.to_owned())
    }
}

/// The error as `operation` words it: writes of one item number their request errors.
pub(super) fn envelope(operation: &str, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        ("PutItem" | "UpdateItem" | "DeleteItem", DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, error) => error,
    }
}

/// DynamoDB validates what is absent, null, empty or unknown, and fails to read what has another type.
fn is_validation(message: &str) -> bool {
    ["missing field", "unknown variant", "invalid type: null", "Supplied AttributeValue"]
        .iter()
        .any(|sign| message.contains(sign))
}

fn without_position(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |end| &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::Error as _;

    fn check(text: &str, kind: &str, message: &str) {
        let error = refusal(&serde_json::Error::custom(text));
        assert!(error.error_type().ends_with(kind), "{text}: {}", error.error_type());
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn marks_choose_the_class_and_never_show() {
        check("VALIDATION:too long at line 1 column 9", "#ValidationException", "too long");
        check("VALIDATION_REQUEST:no key at line 1 column 9", "#ValidationException", "no key");
        check("SERIALIZATION:bad at line 1 column 9", "#SerializationException", "bad");
        check("SERIALIZATION_AS_READ:bad at line 1 column 9", "#SerializationException", "bad at line 1 column 9");
        check("VALIDATION_AS_READ:no at line 2", "#ValidationException", "no at line 2");
        check("missing field `TableName`", "#ValidationException", "missing field `TableName`");
        check("invalid type: map", "#SerializationException", "invalid type: map");
    }

    #[test]
    fn writes_of_one_item_number_their_request_errors() {
        let error = || DynoxideError::EnvelopedValidation("no key".to_owned());
        assert_eq!(envelope("PutItem", error()).to_string(), "1 validation error detected: no key");
        assert_eq!(envelope("GetItem", error()).to_string(), "no key");
    }
}
