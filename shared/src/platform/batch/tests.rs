use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::*;

#[derive(Debug, thiserror::Error)]
#[error("refused")]
struct Refused;

/// Counts `DeadMessages`.
#[derive(Default)]
struct DeadMessages(Arc<AtomicU64>);

impl Recorder for DeadMessages {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == "DeadMessages" { Counter::from_arc(Arc::clone(&self.0)) } else { Counter::noop() }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn event<'a>(messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = messages
        .into_iter()
        .map(|(id, body)| {
            let mut message = SqsMessage::default();
            message.message_id = Some(id.to_owned());
            message.body = Some(body.to_owned());
            message
        })
        .collect();
    event
}

fn numbers<'a>(messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Message<u32>> {
    read(event(messages), |body| body.parse().ok())
}

fn invocation() -> Invocation {
    Invocation::unlimited("r-1".to_owned())
}

fn ids(failures: Failures) -> Vec<String> {
    let response = SqsBatchResponse::from(failures);
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

const WIDE: Concurrency = Concurrency::AtMost(10);

#[tokio::test]
async fn only_what_failed_comes_again() {
    let refuse_even = async |number: u32| if number.is_multiple_of(2) { Err(Refused) } else { Ok(()) };
    let messages = numbers([("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    assert_eq!(ids(invocation().handle_each(messages, Concurrency::Sequential, refuse_even).await), ["b", "d"]);
}

#[tokio::test]
async fn a_panic_fails_its_own_message_only() {
    // One panics before its first await, in what makes the future, one after.
    let handle = |number: u32| {
        assert_ne!(number, 1, "at once");
        async move {
            tokio::task::yield_now().await;
            assert_ne!(number, 2, "later");
            Ok::<(), Refused>(())
        }
    };
    let messages = numbers([("a", "1"), ("b", "2"), ("c", "3")]);
    assert_eq!(ids(invocation().handle_each(messages, Concurrency::Sequential, handle).await), ["a", "b"]);
}

#[test]
fn what_cannot_be_read_is_counted_and_does_not_come_again() {
    let recorder = DeadMessages::default();
    let messages = metrics::with_local_recorder(&recorder, || numbers([("a", "1"), ("b", "?"), ("", "!")]));
    assert_eq!(messages.len(), 1);
    assert_eq!(recorder.0.load(Ordering::Relaxed), 2);
    let mut bodiless = event([]);
    bodiless.records.push(SqsMessage::default());
    assert!(metrics::with_local_recorder(&recorder, || read(bodiless, |_| Some(()))).is_empty());
    assert_eq!(recorder.0.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_message_without_id_does_not_fail_the_batch() {
    let messages = numbers([("", "1"), ("b", "2")]);
    assert_eq!(ids(Failures::all(&messages)), ["b"]);
    assert_eq!(ids(invocation().handle_each(messages, WIDE, async |_| Err(Refused)).await), ["b"]);
}

#[tokio::test]
async fn what_is_not_done_in_time_comes_again() {
    let invocation = Invocation::within("r-1".to_owned(), Duration::from_millis(1_020));
    let begun = AtomicUsize::new(0);
    let handle = async |number: u32| {
        begun.fetch_add(1, Ordering::SeqCst);
        if number == 2 {
            std::future::pending::<()>().await;
        }
        Ok::<(), Refused>(())
    };
    let messages = numbers([("a", "1"), ("b", "2"), ("c", "3")]);
    let failures = invocation.handle_each(messages, Concurrency::Sequential, handle).await;
    assert_eq!(ids(failures), ["b", "c"], "the last is not even begun");
    assert_eq!(begun.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn no_more_are_handled_at_a_time_than_asked_for() {
    let most = async |concurrency| {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let handle = async |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok::<(), Refused>(())
        };
        let bodies: Vec<String> = (0..9).map(|number| number.to_string()).collect();
        let messages = numbers(bodies.iter().map(|body| (body.as_str(), body.as_str())));
        assert!(invocation().handle_each(messages, concurrency, handle).await.is_empty());
        most.into_inner()
    };
    assert_eq!(most(Concurrency::Sequential).await, 1);
    assert_eq!(most(Concurrency::AtMost(4)).await, 4);
}

#[tokio::test]
async fn each_message_has_a_span_that_names_it_and_its_invocation() {
    let logged = Arc::new(std::sync::Mutex::new(Vec::new()));
    let writer = Arc::clone(&logged);
    let lines = tracing_subscriber::fmt().json().with_writer(move || Lines(Arc::clone(&writer))).finish();
    let _guard = tracing::subscriber::set_default(lines);
    invocation().handle_each(numbers([("m-7", "1")]), WIDE, async |_| Err(Refused)).await;
    let lines = String::from_utf8(logged.lock().unwrap().clone()).unwrap();
    let line: serde_json::Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(line["span"]["message_id"], "m-7");
    assert_eq!(line["span"]["request_id"], "r-1");
}

struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
