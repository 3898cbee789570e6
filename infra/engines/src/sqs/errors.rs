//! The errors of SQS, by the names its SDK knows.

use crate::wire::WireError;

pub(super) fn queue_does_not_exist() -> WireError {
    WireError::refused("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.")
        .with_query_code("AWS.SimpleQueueService.NonExistentQueue")
}

pub(super) fn queue_name_exists(name: &str) -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#QueueNameExists",
        format!("A queue already exists with the same name and a different value for its attributes: {name}"),
    )
    .with_query_code("QueueAlreadyExists")
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> WireError {
    WireError::refused("com.amazon.coral.service#InvalidParameterValueException", message)
        .with_query_code("InvalidParameterValue")
}

pub(super) fn missing_parameter(name: &str) -> WireError {
    WireError::refused(
        "com.amazon.coral.service#MissingRequiredParameterException",
        format!("The request must contain the parameter {name}."),
    )
    .with_query_code("MissingParameter")
}

pub(super) fn out_of_range(name: &str, value: impl std::fmt::Display, least: i64, most: i64) -> WireError {
    invalid_parameter(format!(
        "Value {value} for parameter {name} is invalid. Reason: Must be >= {least} and <= {most}, if provided."
    ))
}

pub(super) fn invalid_attribute_name(name: &str) -> WireError {
    WireError::refused("com.amazonaws.sqs#InvalidAttributeName", format!("Unknown Attribute {name}."))
        .with_query_code("InvalidAttributeName")
}

pub(super) fn invalid_attribute_value(name: &str) -> WireError {
    WireError::refused("com.amazonaws.sqs#InvalidAttributeValue", format!("Invalid value for the parameter {name}."))
        .with_query_code("InvalidAttributeValue")
}

pub(super) fn invalid_message_contents() -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#InvalidMessageContents",
        "Invalid binary character found in the message body, the set of allowed characters is \
         #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    )
    .with_query_code("InvalidMessageContents")
}

pub(super) fn receipt_handle_is_invalid() -> WireError {
    WireError::refused("com.amazonaws.sqs#ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        .with_query_code("ReceiptHandleIsInvalid")
}

pub(super) fn message_not_inflight() -> WireError {
    WireError::refused("com.amazonaws.sqs#MessageNotInflight", "The specified message isn't in flight.")
        .with_query_code("AWS.SimpleQueueService.MessageNotInflight")
}

pub(super) fn over_limit(limit: usize) -> WireError {
    WireError::refused("com.amazonaws.sqs#OverLimit", format!("Too many messages in flight: at most {limit}."))
        .with_query_code("OverLimit")
}

pub(super) fn resource_not_found() -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
    )
    .with_query_code("ResourceNotFoundException")
}

pub(super) fn empty_batch() -> WireError {
    WireError::refused("com.amazonaws.sqs#EmptyBatchRequest", "There should be at least one entry in the request.")
        .with_query_code("AWS.SimpleQueueService.EmptyBatchRequest")
}

pub(super) fn too_many_entries(count: usize) -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
        format!("Maximum number of entries per request are 10. You have sent {count}."),
    )
    .with_query_code("AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
}

pub(super) fn entry_ids_not_distinct(id: &str) -> WireError {
    WireError::refused("com.amazonaws.sqs#BatchEntryIdsNotDistinct", format!("Id {id} repeated."))
        .with_query_code("AWS.SimpleQueueService.BatchEntryIdsNotDistinct")
}

pub(super) fn invalid_entry_id() -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
    )
    .with_query_code("AWS.SimpleQueueService.InvalidBatchEntryId")
}

pub(super) fn batch_too_long(limit: usize, size: usize) -> WireError {
    WireError::refused(
        "com.amazonaws.sqs#BatchRequestTooLong",
        format!("Batch requests cannot be longer than {limit} bytes. You have sent {size} bytes."),
    )
    .with_query_code("AWS.SimpleQueueService.BatchRequestTooLong")
}
