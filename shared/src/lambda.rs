//! One binary that answers HTTP, takes SQS batches and runs on a schedule: events are told apart by their shape.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tower::Service as _;

/// What an event is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// A request of the HTTP API.
    Http,
    /// A batch of messages.
    Batch,
    /// Time has come.
    Schedule,
}

/// Serves one event after the other until the sandbox is ended.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn run<B, BF, S, SF>(http: Router, batch: B, scheduled: S) -> Result<(), Error>
where
    B: Fn(SqsEvent) -> BF,
    BF: Future<Output = SqsBatchResponse>,
    S: Fn(Value) -> SF,
    SF: Future<Output = Result<(), Error>>,
{
    let (http, batch, scheduled) = (&http, &batch, &scheduled);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        match kind(&event.payload)? {
            Kind::Http => answered(http.clone(), event).await,
            Kind::Batch => Ok(serde_json::to_value(batch(serde_json::from_value(event.payload)?).await)?),
            Kind::Schedule => scheduled(event.payload).await.map(|()| Value::Null),
        }
    }))
    .await
}

async fn answered(http: Router, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let request: LambdaRequest = serde_json::from_value(event.payload)?;
    let mut adapter = lambda_http::Adapter::from(http);
    let answer = adapter.call(LambdaEvent::new(request, event.context)).await?;
    Ok(serde_json::to_value(answer)?)
}

/// # Errors
/// Of an event that is none of these: its members are named, not shown.
fn kind(event: &Value) -> Result<Kind, Error> {
    if event["requestContext"]["http"].is_object() {
        return Ok(Kind::Http);
    }
    if event["Records"][0]["eventSource"] == "aws:sqs" {
        return Ok(Kind::Batch);
    }
    // EventBridge's own event, or the input that the template gives a schedule.
    if event["detail-type"] == "Scheduled Event" || event["job"].is_string() {
        return Ok(Kind::Schedule);
    }
    let members: Vec<&str> = event.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    Err(format!("unknown event with members {members:?}").into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_told_apart_and_strangers_are_not_shown() {
        assert_eq!(
            kind(&json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}}})).unwrap(),
            Kind::Http
        );
        assert_eq!(kind(&json!({"Records": [{"eventSource": "aws:sqs"}]})).unwrap(), Kind::Batch);
        assert_eq!(kind(&json!({"detail-type": "Scheduled Event"})).unwrap(), Kind::Schedule);
        assert_eq!(kind(&json!({"job": "nightly-sync"})).unwrap(), Kind::Schedule);
        let error = kind(&json!({"email": "a@b.fr"})).unwrap_err().to_string();
        assert!(error.contains("email") && !error.contains("a@b.fr"));
    }
}
