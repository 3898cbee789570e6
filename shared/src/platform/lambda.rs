//! What a function's binary does: events told apart by their shape, each handled, what was measured written at its end.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tower::Service as _;
use tracing::Instrument as _;

use crate::platform::telemetry::Telemetry;

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

type Batch<'a> = Box<dyn Fn(SqsEvent) -> LocalBoxFuture<'a, SqsBatchResponse> + 'a>;
type Scheduled<'a> = Box<dyn Fn(Value) -> LocalBoxFuture<'a, Result<Value, Error>> + 'a>;

/// The events a function takes, and what handles each.
#[derive(Default)]
pub struct Handlers<'a> {
    http: Option<Router>,
    batch: Option<Batch<'a>>,
    scheduled: Option<Scheduled<'a>>,
}

impl<'a> Handlers<'a> {
    /// Requests of the HTTP API.
    #[must_use]
    pub fn http(self, router: Router) -> Self {
        Self { http: Some(router), ..self }
    }

    /// Batches of messages.
    #[must_use]
    pub fn batch<F: Future<Output = SqsBatchResponse> + 'a>(self, handle: impl Fn(SqsEvent) -> F + 'a) -> Self {
        Self { batch: Some(Box::new(move |event| handle(event).boxed_local())), ..self }
    }

    /// Schedules.
    #[must_use]
    pub fn scheduled<F>(self, handle: impl Fn(Value) -> F + 'a) -> Self
    where
        F: Future<Output = Result<Value, Error>> + 'a,
    {
        Self { scheduled: Some(Box::new(move |event| handle(event).boxed_local())), ..self }
    }

    /// Serves one event after the other until the sandbox is ended.
    ///
    /// # Errors
    /// When the Runtime API cannot be reached.
    pub async fn run(self, telemetry: Telemetry) -> Result<(), Error> {
        let (handlers, telemetry) = (&self, &telemetry);
        lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
            let span = tracing::info_span!("invocation", request_id = %event.context.request_id);
            let handled = handlers.handled(event).instrument(span).await;
            telemetry.flush();
            handled
        }))
        .await
    }

    async fn handled(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let kind = kind(&event.payload)?;
        match (&kind, &self.http, &self.batch, &self.scheduled) {
            (Kind::Http, Some(router), ..) => answered(router.clone(), event).await,
            (Kind::Batch, _, Some(handle), _) => {
                Ok(serde_json::to_value(handle(serde_json::from_value(event.payload)?).await)?)
            }
            (Kind::Schedule, .., Some(handle)) => handle(event.payload).await,
            _ => Err(format!("this function takes no event of kind {kind:?}").into()),
        }
    }
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
