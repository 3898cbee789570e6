//! `kill -9` of the local stack at each step of a change's way: nothing accepted is lost.
//!
//! The built binary runs on a folder with a fault that makes one engine call hang, so that it is killed exactly
//! between two steps. The folder is then opened again eleven seconds later, by a moved clock, and swept once.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acceptance::receivers::{Received, Receivers};
use acceptance::verification::SigningSecret;
use chrono::{TimeDelta, Utc};
use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use crate::built_functions::functions::build;
use crate::engines::subject::TemporaryFolder;

/// Far longer than any step takes; it only bounds a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where `serve --data` keeps what the engines hold.
const ENGINES: &str = "engines";

/// The stack as a process of its own, killed when dropped.
struct Killable {
    process: Child,
    greeting: Value,
}

impl Killable {
    fn start(folder: &Path, fault: &str) -> Self {
        let mut process = Command::new(build().join("passerelle"))
            .args(["serve", "--json", "--port", "0", "--aws-port", "0", "--fault", fault, "--data"])
            .arg(folder)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the stack starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its greeting");
        Self { process, greeting: serde_json::from_str(&line).expect("a line of JSON") }
    }

    /// A request of a service. Its answer may never come: some steps hang.
    fn request(&self, service: &str, path: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let url = format!("{}/communs/v1{path}", self.greeting["api"].as_str().expect("an address"));
        let http = reqwest::Client::new();
        let scope = if path.starts_with("/webhooks") { "sync" } else { "projects" };
        let request = body.map_or_else(|| http.get(&url), |body| http.post(&url).body(body.to_string()));
        let key = self.greeting["services"][service][scope].as_str().expect("a key");
        let authorization = format!("Bearer {key}");
        request
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .header("x-user-email", "agent@strasbourg.eu")
    }

    /// On Unix this is SIGKILL: nothing is flushed, nothing is dropped.
    fn kill(mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

/// Waits for `reached`, asked again and again.
async fn until<F: Future<Output = bool>>(what: &str, reached: impl Fn() -> F) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("never reached: {what}"));
}

/// Kills the stack once `reached`, with `fault` holding it there; then what the receiver got before and after.
async fn killed_at(fault: &'static str, step: Step) -> (Vec<Received>, Vec<Received>) {
    let folder = TemporaryFolder::new();
    let path = folder.path();
    let stack = tokio::task::spawn_blocking(move || Killable::start(&path, fault)).await.expect("started");
    let receivers = Receivers::open(Clock::system()).await.expect("receivers");
    let webhook = json!({"url": receivers.url("tet")});
    let registered = stack.request("tet", "/webhooks", Some(&webhook)).send().await.expect("registered");
    let registered: Value = serde_json::from_str(&registered.text().await.expect("text")).expect("JSON");
    let secret = registered["secret"].as_str().expect("a secret").to_owned();
    receivers.expect_secrets("tet", vec![SigningSecret { secret, until: None }]);
    let deliveries = format!("/webhooks/{}/deliveries", registered["id"].as_str().expect("an id"));

    let project = json!({
        "externalId": "mec-1", "nom": "École", "statut": "Non démarré, intention",
        "collectivites": [{"type": "Commune", "code": "67482"}],
    });
    let posting = tokio::spawn(stack.request("mec", "/projects", Some(&project)).send());
    let mut before = Vec::new();
    match step {
        Step::Committed => {
            until("the project is committed", || async {
                let read = stack.request("mec", "/projects/by-external-id/mec/mec-1", None).send().await;
                read.is_ok_and(|read| read.status().is_success())
            })
            .await;
        }
        Step::Received => {
            let seen = std::sync::Mutex::new(Vec::new());
            until("the receiver has the webhook", || async {
                let mut seen = seen.lock().expect("seen");
                seen.extend(receivers.take());
                !seen.is_empty()
            })
            .await;
            before = seen.into_inner().expect("seen");
        }
        Step::Recorded => {
            until("the delivery is recorded", || async {
                let read = stack.request("tet", &deliveries, None).send().await.expect("deliveries");
                let read: Value = serde_json::from_str(&read.text().await.expect("text")).expect("JSON");
                read["items"][0]["status"] == "delivered"
            })
            .await;
            before = receivers.take();
        }
    }
    stack.kill();
    posting.abort();

    let clock = Clock::from_fn(|| Utc::now() + TimeDelta::seconds(11));
    let options = StackOptions::new(Storage::Directory(folder.path().join(ENGINES)), clock);
    let again = Stack::start(options).await.expect("the folder is whole");
    again.drain().await.expect("drained");
    if matches!(step, Step::Committed | Step::Recorded) {
        // No acceptance case brings this about: functions/outbox-sweeper/permissions.txt sends its reader here.
        let used = again.permissions_used("OutboxSweeper");
        assert!(used.contains("sqs:SendMessage DELIVERIES_QUEUE_URL"), "{used:?}");
    }
    (before, receivers.take())
}

/// Where the stack is killed.
enum Step {
    /// The project can be read.
    Committed,
    /// The receiver has got the webhook.
    Received,
    /// The delivery is written down as delivered.
    Recorded,
}

fn ids(received: &[Received]) -> Vec<&str> {
    received.iter().map(|webhook| webhook.headers["webhook-id"].to_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_commit_and_send_the_event_is_sent_by_the_sweeper() {
    let (before, after) = killed_at("SendMessageBatch:delay=600000:1", Step::Committed).await;
    assert!(before.is_empty(), "it was killed before the send");
    assert_eq!(after.len(), 1, "delivered once");
    assert!(after[0].body.starts_with(b"{"), "a body of JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_delivery_and_mark_the_event_is_sent_again_and_delivered_once() {
    let (before, after) = killed_at("UpdateItem:delay=600000:100", Step::Recorded).await;
    assert_eq!(before.len(), 1, "delivered before the kill");
    assert!(after.is_empty(), "what the sweeper sent again was known to be delivered: {:?}", ids(&after));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_answer_and_its_record_the_webhook_comes_again_with_the_same_id() {
    let (before, after) = killed_at("PutItem:delay=600000:100", Step::Received).await;
    assert_eq!(before.len(), 1);
    assert_eq!(ids(&after), ids(&before), "sent again, marked by the same id");
}
