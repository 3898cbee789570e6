//! The event Lambda builds from received messages.

use aws_lambda_events::encodings::Base64Data;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage, SqsMessageAttribute};
use aws_sdk_sqs::types::{Message, MessageAttributeValue};

/// The event for one batch of messages of the queue `arn` in `region`.
pub(super) fn sqs_event(batch: &[Message], arn: &str, region: &str) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = batch.iter().map(|message| record(message, arn, region)).collect();
    event
}

fn record(message: &Message, arn: &str, region: &str) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = message.message_id.clone();
    record.receipt_handle = message.receipt_handle.clone();
    record.body = message.body.clone();
    record.md5_of_body = message.md5_of_body.clone();
    record.md5_of_message_attributes = message.md5_of_message_attributes.clone();
    record.attributes =
        message.attributes.iter().flatten().map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
    record.message_attributes =
        message.message_attributes.iter().flatten().map(|(name, value)| (name.clone(), attribute(value))).collect();
    record.event_source_arn = Some(arn.to_owned());
    record.event_source = Some("aws:sqs".to_owned());
    record.aws_region = Some(region.to_owned());
    record
}

fn attribute(value: &MessageAttributeValue) -> SqsMessageAttribute {
    let mut attribute = SqsMessageAttribute::default();
    attribute.string_value = value.string_value.clone();
    attribute.binary_value = value.binary_value.clone().map(|blob| {
        let mut data = Base64Data::default();
        *data = blob.into_inner();
        data
    });
    attribute.data_type = Some(value.data_type.clone());
    attribute
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    #[test]
    fn a_record_carries_what_lambda_would_give_it() {
        let text = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
        let message = Message::builder()
            .message_id("m-1")
            .receipt_handle("r-1")
            .body("{}")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "2")
            .message_attributes("trace", text)
            .build();
        let event = sqs_event(&[message], "arn:aws:sqs:eu-west-3:000000000000:File", "eu-west-3");
        let json = serde_json::to_value(&event).unwrap();
        let record = &json["Records"][0];
        assert_eq!(record["messageId"], "m-1");
        assert_eq!(record["body"], "{}");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "2");
        assert_eq!(record["messageAttributes"]["trace"]["stringValue"], "v");
        assert_eq!(record["eventSource"], "aws:sqs");
        assert_eq!(record["eventSourceARN"], "arn:aws:sqs:eu-west-3:000000000000:File");
        assert_eq!(record["awsRegion"], "eu-west-3");
    }
}
