//! The sample events of `events/`, filled in.

use acceptance::workspace::root;
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};

/// Reads a sample of `events/`.
pub fn sample(name: &str) -> Value {
    let file = root().join("events").join(name);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap()
}

/// The HTTP sample with another request in it.
pub fn http(method: &str, path: &str, key: &str, user: Option<&str>, body: Option<&Value>) -> Value {
    let mut event = sample("projects-api.http.json");
    event["rawPath"] = path.into();
    event["routeKey"] = "ANY /communs/v1/{proxy+}".into();
    event["requestContext"]["http"]["method"] = method.into();
    event["requestContext"]["http"]["path"] = path.into();
    let headers = event["headers"].as_object_mut().unwrap();
    headers.insert("authorization".to_owned(), format!("Bearer {key}").into());
    headers.remove("x-user-email");
    headers.remove("content-length");
    if let Some(user) = user {
        headers.insert("x-user-email".to_owned(), user.into());
    }
    event["body"] = body.map_or(Value::Null, |body| body.to_string().into());
    event
}

/// The SQS sample with one record per message.
pub fn sqs<'a>(name: &str, messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let mut event = sample(name);
    let record = event["Records"][0].clone();
    let records = messages.into_iter().map(|(id, body)| {
        let mut record = record.clone();
        record["messageId"] = id.into();
        record["receiptHandle"] = format!("poignee-{id}").into();
        record["body"] = body.into();
        record
    });
    event["Records"] = Value::Array(records.collect());
    event
}

/// Id and body of a message as the queue gave it.
pub fn id_and_body(message: &Message) -> (&str, &str) {
    (message.message_id().unwrap(), message.body().unwrap())
}

/// The status and the JSON body of an HTTP function's answer.
pub fn answer(outcome: &Value) -> (u64, Value) {
    let status = outcome["statusCode"].as_u64().unwrap();
    let body = outcome["body"].as_str().unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or(json!(null)))
}
