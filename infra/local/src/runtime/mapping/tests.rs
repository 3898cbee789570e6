//! Mappings against the embedded queue engine, its clock in the test's hand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use aws_lambda_events::sqs::{BatchItemFailure, SqsEvent};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use chrono::DateTime;
use engines::{Engines, Storage};
use futures_util::FutureExt as _;
use sam_template::Expression;

use super::*;
use crate::runtime::Fate;

fn failing(ids: &[&str]) -> SqsBatchResponse {
    let mut answer = SqsBatchResponse::default();
    for id in ids {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = (*id).to_owned();
        answer.batch_item_failures.push(failure);
    }
    answer
}

#[test]
fn only_what_the_function_took_leaves_the_queue() {
    let check = |failures: &[&str], reports: bool, expected: &str| {
        let batch: Vec<_> = ["a", "b", "c"].map(|id| Message::builder().message_id(id).build()).into();
        let taken: String =
            taken(&batch, &failing(failures), reports).iter().filter_map(|message| message.message_id()).collect();
        assert_eq!(taken, expected, "{failures:?} {reports}");
    };
    check(&[], true, "abc");
    check(&["b"], true, "ac");
    check(&["a", "b", "c"], true, "");
    check(&[""], true, "");
    check(&["stranger"], true, "");
    check(&["b"], false, "abc");
}

/// A queue with a visibility timeout of 30 s and a mapping of it.
struct Bench {
    client: Client,
    url: String,
    /// Seconds since 1970, as the queue sees them.
    time: Arc<AtomicI64>,
}

impl Bench {
    async fn new() -> Self {
        let time = Arc::new(AtomicI64::new(1_793_610_000));
        let seconds = Arc::clone(&time);
        let now = move || DateTime::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap();
        let engines = Engines::open(Storage::Memory, now).unwrap();
        let client = Client::new(&engines.sdk_config());
        let queue = client.create_queue().queue_name("File").send().await.unwrap();
        Self { client, url: queue.queue_url.unwrap(), time }
    }

    async fn send(&self, bodies: &[&str]) {
        let entries = bodies.iter().enumerate().map(|(id, body)| {
            SendMessageBatchRequestEntry::builder().id(id.to_string()).message_body(*body).build().unwrap()
        });
        let entries = Some(entries.collect());
        self.client.send_message_batch().queue_url(&self.url).set_entries(entries).send().await.unwrap();
    }

    fn mapping(&self, batch_size: u32, concurrency: usize, function: BatchHandler) -> Mapping {
        let source = QueueSource {
            queue: Expression::Text("arn".to_owned()),
            batch_size,
            window: Duration::ZERO,
            maximum_concurrency: Some(concurrency),
            reports_item_failures: true,
        };
        let feed = Feed {
            name: "Fonction".to_owned(),
            queue_url: self.url.clone(),
            queue_arn: "arn".to_owned(),
            region: "eu-west-3".to_owned(),
            source,
            function,
            limit: Duration::from_millis(200),
            fate: Fate::default(),
        };
        Mapping::new(self.client.clone(), feed)
    }

    async fn left(&self) -> usize {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .unwrap();
        answer.attributes.unwrap().values().map(|count| count.parse::<usize>().unwrap()).sum()
    }
}

/// What a function was handed, and how it behaves by the body of a record: `fails` is reported, `panics` panics,
/// `hangs` never ends, anything else succeeds.
fn function(seen: &Arc<Mutex<Vec<String>>>) -> BatchHandler {
    let seen = Arc::clone(seen);
    Arc::new(move |event: SqsEvent| {
        let seen = Arc::clone(&seen);
        async move {
            let mut failed = SqsBatchResponse::default();
            for record in event.records {
                let body = record.body.unwrap_or_default();
                seen.lock().unwrap().push(body.clone());
                match body.as_str() {
                    "panics" => panic!("as asked"),
                    "hangs" => std::future::pending().await,
                    "fails" => {
                        let mut failure = BatchItemFailure::default();
                        failure.item_identifier = record.message_id.unwrap_or_default();
                        failed.batch_item_failures.push(failure);
                    }
                    _ => {}
                }
            }
            failed
        }
        .boxed()
    })
}

#[tokio::test]
async fn what_failed_stays_and_comes_back_after_the_visibility_timeout() {
    let bench = Bench::new().await;
    let seen = Arc::default();
    let mapping = bench.mapping(10, 2, function(&seen));
    bench.send(&["a", "fails", "b"]).await;
    assert_eq!(mapping.drain().await.unwrap(), 3);
    assert_eq!(bench.left().await, 1);
    assert_eq!(mapping.drain().await.unwrap(), 0, "still invisible");
    bench.time.fetch_add(31, Ordering::SeqCst);
    assert_eq!(mapping.drain().await.unwrap(), 1);
    assert_eq!(seen.lock().unwrap().last().map(String::as_str), Some("fails"));
}

#[tokio::test]
async fn a_panic_or_a_hang_fails_its_whole_batch_and_no_other() {
    for bad in ["panics", "hangs"] {
        let bench = Bench::new().await;
        let seen = Arc::default();
        let mapping = bench.mapping(2, 4, function(&seen));
        bench.send(&["a", bad, "b", "c", "d"]).await;
        assert_eq!(mapping.drain().await.unwrap(), 5);
        // Records travel in pairs: the bad one keeps at most one other with it.
        let left = bench.left().await;
        assert!((1..=2).contains(&left), "{bad}: {left} left");
    }
}

#[tokio::test]
async fn a_mapping_runs_no_more_invocations_than_allowed() {
    let bench = Bench::new().await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, highest) = (Arc::clone(&running), Arc::clone(&most));
    let function: BatchHandler = Arc::new(move |_| {
        let (now, highest) = (Arc::clone(&now), Arc::clone(&highest));
        async move {
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            SqsBatchResponse::default()
        }
        .boxed()
    });
    bench.send(&["a", "b", "c", "d", "e", "f", "g", "h"]).await;
    assert_eq!(bench.mapping(1, 3, function).drain().await.unwrap(), 8);
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(bench.left().await, 0);
}

#[tokio::test]
async fn a_running_mapping_reacts_at_once_and_finishes_what_it_holds_when_stopped() {
    let bench = Bench::new().await;
    let (told, stop) = watch::channel(false);
    let begun = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&begun);
    let function: BatchHandler = Arc::new(move |_| {
        let notify = Arc::clone(&notify);
        async move {
            notify.notify_one();
            tokio::time::sleep(Duration::from_millis(10)).await;
            SqsBatchResponse::default()
        }
        .boxed()
    });
    let running = tokio::spawn(bench.mapping(10, 2, function).run(stop));
    tokio::time::sleep(Duration::from_millis(5)).await;
    bench.send(&["a"]).await;
    begun.notified().await;
    told.send_replace(true);
    running.await.unwrap();
    assert_eq!(bench.left().await, 0);
}
