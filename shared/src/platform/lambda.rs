//! What a function's binary does: events told apart by their shape, each handled, what was measured written at its end.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::Service as _;
use tracing::Instrument as _;

use super::http_event;
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

/// What is left of an invocation's time for its answer and its metrics to be written.
const MARGIN: Duration = Duration::from_secs(1);

/// One invocation of a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub(super) request_id: String,
    /// When work has to end; `None`: whenever it is done.
    pub(super) stop_at: Option<Instant>,
}

/// An event whose `job` no schedule of its function asks for: a misspelt one does nothing, loudly.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no job of this function: {0}")]
pub struct UnknownJob(String);

type Batch<'a> = Box<dyn Fn(SqsEvent, Invocation) -> LocalBoxFuture<'a, SqsBatchResponse> + 'a>;
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
    pub fn batch<F>(self, handle: impl Fn(SqsEvent, Invocation) -> F + 'a) -> Self
    where
        F: Future<Output = SqsBatchResponse> + 'a,
    {
        Self { batch: Some(Box::new(move |event, invocation| handle(event, invocation).boxed_local())), ..self }
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
            (Kind::Http, Some(router), ..) => answer(router.clone(), event).await,
            (Kind::Batch, _, Some(handle), _) => {
                let answer = handle(serde_json::from_value(event.payload)?, Invocation::of(&event.context)).await;
                Ok(serde_json::to_value(answer)?)
            }
            (Kind::Schedule, .., Some(handle)) => handle(event.payload).await,
            _ => Err(format!("this function takes no event of kind {kind:?}").into()),
        }
    }
}

impl Invocation {
    fn of(context: &Context) -> Self {
        let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Self::within(context.request_id.clone(), left)
    }

    /// An invocation that is ended after `limit`: its work stops a second before.
    #[must_use]
    pub fn within(request_id: String, limit: Duration) -> Self {
        Self { request_id, stop_at: Some(Instant::now() + limit.saturating_sub(MARGIN)) }
    }

    /// An invocation whose time nobody limits.
    #[must_use]
    pub const fn unlimited(request_id: String) -> Self {
        Self { request_id, stop_at: None }
    }
}

/// The `job` a schedule asks for; `None` for EventBridge's own event, which names none.
///
/// # Errors
/// When it is no text.
pub fn job(event: &Value) -> Result<Option<&str>, UnknownJob> {
    match event.get("job") {
        None => Ok(None),
        Some(Value::String(job)) => Ok(Some(job)),
        Some(other) => Err(UnknownJob(other.to_string())),
    }
}

/// Refuses an event that names a job, for a function with nothing but one schedule.
///
/// # Errors
/// When it does.
pub fn no_job(event: &Value) -> Result<(), UnknownJob> {
    job(event)?.map_or(Ok(()), |job| Err(UnknownJob::named(job)))
}

impl UnknownJob {
    /// Of a job that is not among the function's.
    #[must_use]
    pub fn named(job: &str) -> Self {
        Self(job.to_owned())
    }
}

async fn answer(http: Router, mut event: LambdaEvent<Value>) -> Result<Value, Error> {
    http_event::make_readable(&mut event.payload);
    let request: LambdaRequest = serde_json::from_value(event.payload)?;
    let mut adapter = lambda_http::Adapter::from(http);
    // What is left that no address holds, a host for instance, makes the adapter panic before the router is called.
    let call = AssertUnwindSafe(async { adapter.call(LambdaEvent::new(request, event.context)).await });
    let Ok(answer) = call.catch_unwind().await else { return Ok(unreadable()) };
    Ok(serde_json::to_value(answer?)?)
}

/// The answer to a request that cannot be read.
fn unreadable() -> Value {
    let body = json!({
        "type": "/problems/invalid-query", "title": "Requête illisible", "status": 400,
        "detail": "l'adresse de la requête ne peut pas être lue",
    });
    json!({
        "statusCode": 400, "headers": {"content-type": "application/problem+json"}, "multiValueHeaders": {},
        "body": body.to_string(), "isBase64Encoded": false, "cookies": [],
    })
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
    if event["detail-type"] == "Scheduled Event" || event.get("job").is_some() {
        return Ok(Kind::Schedule);
    }
    let members: Vec<&str> = event.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    Err(format!("unknown event with members {members:?}").into())
}

#[cfg(test)]
mod tests {
    use axum::extract::{Path, RawQuery};
    use axum::routing::get;

    use super::*;

    /// What a function answers to a GET of a path and a query as API Gateway hands them over.
    async fn ask(path: &str, query: &str, host: &str) -> (u64, String) {
        let echo = get(|Path(id): Path<String>, RawQuery(query): RawQuery| async move {
            format!("{id}?{}", query.unwrap_or_default())
        });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": {"host": host, "x-forwarded-proto": "https,http"},
            "requestContext": {"stage": "$default", "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1", "userAgent": "t"}},
            "isBase64Encoded": false,
        });
        let event = LambdaEvent::new(event, Context::default());
        let answer = answer(Router::new().route("/id/{id}", echo), event).await.unwrap();
        (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap_or_default().to_owned())
    }

    #[tokio::test]
    async fn a_decoded_path_names_what_it_names() {
        for id in ["a", "a#b", "50%41", "a?b", "a\\b", "é <\">"] {
            let (status, body) = ask(&format!("/id/{id}"), "x=\"<1> 2", "api.example").await;
            assert_eq!((status, body.starts_with(&format!("{id}?x="))), (200, true), "{id}: {body}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_and_the_next_request_answered() {
        let (status, body) = ask("/id/a", "", "a host/that is none").await;
        assert_eq!(status, 400, "{body}");
        assert!(body.contains("/problems/invalid-query"), "{body}");
        assert_eq!(ask("/id/a", "", "api.example").await.0, 200);
    }

    #[test]
    fn a_job_is_a_text_that_the_function_knows() {
        assert_eq!(job(&json!({"detail-type": "Scheduled Event"})), Ok(None));
        assert_eq!(job(&Value::Null), Ok(None));
        assert_eq!(job(&json!({"job": "nightly-sync"})), Ok(Some("nightly-sync")));
        assert_eq!(job(&json!({"job": 7})), Err(UnknownJob("7".to_owned())));
        assert_eq!(no_job(&json!({"detail-type": "Scheduled Event"})), Ok(()));
        assert_eq!(no_job(&json!({"job": "nightly-sync"})), Err(UnknownJob("nightly-sync".to_owned())));
    }

    #[test]
    fn work_stops_before_lambda_ends_it() {
        let stop_at = |limit| Invocation::within("r".to_owned(), Duration::from_secs(limit)).stop_at.unwrap();
        let now = Instant::now();
        assert!(stop_at(30) <= now + Duration::from_millis(29_500) && stop_at(30) > now + Duration::from_secs(28));
        assert!(stop_at(0) <= Instant::now());
    }

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
