//! From an HTTP event to signed webhooks, through the function binaries as they are deployed.
//!
//! Each function is a process of its own behind a Lambda Runtime API of the test; DynamoDB, SQS and Secrets Manager
//! are the embedded engines over loopback HTTP. What the in-process stack cannot show is shown here: the binaries
//! start from their environment, find the engines by configuration alone, and read the events AWS sends.

mod coop;
mod droits;
mod events;
pub mod functions;

use std::path::PathBuf;

use acceptance::receivers::{Received, Receivers};
use acceptance::verification::SigningSecret;
use aws_sdk_sqs::types::Message;
use domain::api_key::Scope;
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle::platform::queue::DeliveryTask;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use events::{answer, http, id_and_body, sample, sqs};
use functions::{Function, build};

const AGENT: &str = "agent@strasbourg.eu";

/// The engines and queues of a stack, its functions replaced by their binaries.
struct Deployment {
    stack: Stack,
    folder: PathBuf,
    engines: String,
    _server: JoinSet<()>,
}

impl Deployment {
    async fn new() -> Self {
        let folder = tokio::task::spawn_blocking(build).await.unwrap();
        let options = StackOptions::new(Storage::Memory, Clock::system());
        let stack = Stack::start(options).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let engines = format!("http://{}", listener.local_addr().unwrap());
        let router = stack.engines().router();
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { stack, folder, engines, _server: server }
    }

    async fn start(&self, binary: &'static str, logical_id: &str) -> Function {
        let variables = self.stack.variables(logical_id);
        assert!(!variables.is_empty(), "{logical_id} has no variables");
        Function::start(&self.folder, binary, &variables, &self.engines).await
    }

    /// Takes everything a queue shows now.
    async fn receive(&self, logical_id: &str, variable: &str) -> Vec<Message> {
        let url = &self.stack.variables(logical_id)[variable];
        let sqs = aws_sdk_sqs::Client::new(self.stack.sdk());
        let answer = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
        answer.messages.unwrap_or_default()
    }
}

/// A body that is not a message would be dropped as one that names an unknown webhook is: told apart here.
#[test]
fn the_sample_messages_are_messages() {
    for (name, attempts) in [("webhook-fanout.deliveries.sqs.json", 0), ("webhook-fanout.retries.sqs.json", 1)] {
        let body = sample(name)["Records"][0]["body"].take();
        let turn: DeliveryTask = serde_json::from_str(body.as_str().unwrap()).unwrap();
        assert_eq!((turn.attempts, turn.due.is_some()), (attempts, attempts > 0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_built_functions_carry_a_change_to_every_receiver() {
    let deployment = Deployment::new().await;
    let receivers = Receivers::open(Clock::system()).await.unwrap();
    let mut api = deployment.start("projects-api", "ProjectsApi").await;
    let mut fanout = deployment.start("webhook-fanout", "WebhookFanout").await;
    let mut sweeper = deployment.start("outbox-sweeper", "OutboxSweeper").await;

    // The samples as they stand: no key, a webhook nobody has, an empty outbox.
    let (status, problem) = answer(&api.invoke(sample("projects-api.http.json")).await.unwrap());
    assert_eq!((status, &problem["type"]), (401, &json!("/problems/unauthenticated")));
    for name in ["webhook-fanout.deliveries.sqs.json", "webhook-fanout.retries.sqs.json"] {
        let outcome = fanout.invoke(sample(name)).await.unwrap();
        assert_eq!(outcome["batchItemFailures"], json!([]), "{name}");
    }
    let report = sweeper.invoke(sample("outbox-sweeper.schedule.json")).await.unwrap();
    assert!(report.is_object(), "{report}");

    for service in ["tet", "recoco"] {
        subscribe(&deployment, &mut api, &receivers, service).await;
    }
    let project = create_project(&deployment, &mut api).await;

    // The API has sent one message per receiver. One that cannot be read travels in the same batch.
    let messages = deployment.receive("ProjectsApi", "DELIVERIES_QUEUE_URL").await;
    assert_eq!(messages.len(), 2, "{messages:?}");
    let mut batch: Vec<(&str, &str)> = messages.iter().map(id_and_body).collect();
    batch.insert(1, ("illisible", "ceci n'est pas du JSON"));
    let outcome = fanout.invoke(sqs("webhook-fanout.deliveries.sqs.json", batch)).await.unwrap();
    // What will never be readable is counted and dropped, not left to come again; the others do not suffer.
    assert_eq!(outcome["batchItemFailures"], json!([]));

    let received = receivers.take();
    assert_eq!(services(&received), ["recoco", "tet"]);
    for webhook in &received {
        assert_eq!(webhook.fault, None);
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        assert_eq!(body["type"], "project.created");
        assert_eq!(body["data"]["projectId"], project);
    }

    // What SQS delivers twice is sent once, and nothing is left for the sweeper.
    let again = sqs("webhook-fanout.deliveries.sqs.json", messages.iter().map(id_and_body));
    let outcome = fanout.invoke(again).await.unwrap();
    assert_eq!(outcome["batchItemFailures"], json!([]));
    sweeper.invoke(sample("outbox-sweeper.schedule.json")).await.unwrap();
    assert!(receivers.take().is_empty());
    for queue in ["DELIVERIES_QUEUE_URL", "RETRIES_QUEUE_URL"] {
        assert!(deployment.receive("ProjectsApi", queue).await.is_empty(), "{queue}");
    }

    let written = written(&api, "ChangesAccepted").await;
    let accepted = written.iter().find(|line| line["message"] == "accepted").unwrap();
    assert_eq!(accepted["project"], project);
    assert!(accepted["event"].is_string() && accepted["span"]["request_id"].is_string(), "{accepted}");
    assert_metric(&written, "ChangesAccepted", &json!(1));
    let written = self::written(&fanout, "DeliveriesSucceeded").await;
    let attempted = written.iter().find(|line| line["message"] == "attempted").unwrap();
    assert_eq!((&attempted["project"], &attempted["event_id"]), (&project, &accepted["event"]));
    assert_metric(&written, "DeliveriesSucceeded", &json!(2));
    assert_metric(&written, "DeadMessages", &json!(1));
    let written = self::written(&sweeper, "OldestPendingSeconds").await;
    assert_metric(&written, "BreakersOpen", &json!(0.0));
}

/// What a function wrote up to a line that holds `expected`: all of it JSON, none of it personal.
async fn written(function: &Function, expected: &str) -> Vec<Value> {
    let lines = function.lines(expected).await;
    assert!(!lines.iter().any(|line| line.contains('@')), "an e-mail in {lines:?}");
    lines.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// A line of metrics, as CloudWatch reads it, says so of one.
fn assert_metric(written: &[Value], name: &str, value: &Value) {
    let said = written.iter().find(|line| !line[name].is_null()).unwrap_or_else(|| panic!("no {name} in {written:?}"));
    assert_eq!(&said[name], value, "{said}");
    let described = &said["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(described["Namespace"], "Passerelle/dev");
    let metrics = described["Metrics"].as_array().unwrap();
    assert!(metrics.iter().any(|metric| metric["Name"] == name), "{said}");
}

async fn subscribe(deployment: &Deployment, api: &mut Function, receivers: &Receivers, service: &str) {
    let key = deployment.stack.issue_key(service, Scope::Sync).await.unwrap();
    let body = json!({"url": receivers.url(service)});
    let event = http("POST", "/communs/v1/webhooks", &key, None, Some(&body));
    let (status, webhook) = answer(&api.invoke(event).await.unwrap());
    assert_eq!(status, 201, "{webhook}");
    let secret = webhook["secret"].as_str().unwrap().to_owned();
    receivers.expect_secrets(service, vec![SigningSecret { secret, until: None }]);
}

/// Creates the sample's project as MEC, reads it back, and returns its id.
async fn create_project(deployment: &Deployment, api: &mut Function) -> Value {
    let key = deployment.stack.issue_key("mec", Scope::Projects).await.unwrap();
    let mut event = sample("projects-api.http.json");
    event["headers"]["authorization"] = format!("Bearer {key}").into();
    let (status, project) = answer(&api.invoke(event).await.unwrap());
    assert_eq!(status, 201, "{project}");
    assert_eq!((&project["statut"], &project["version"]), (&json!("IDEE"), &json!(1)));
    let path = format!("/communs/v1/projects/{}", project["id"].as_str().unwrap());
    let (status, read) = answer(&api.invoke(http("GET", &path, &key, Some(AGENT), None)).await.unwrap());
    assert_eq!((status, &read), (200, &project));
    project["id"].clone()
}

fn services(received: &[Received]) -> Vec<&str> {
    let mut services: Vec<&str> = received.iter().map(|webhook| webhook.service.as_str()).collect();
    services.sort_unstable();
    services
}
