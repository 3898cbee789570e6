//! A batch of SQS messages handled once, the same way by every function (`ReportBatchItemFailures`): one bad body, one
//! slow call, one error or one panic leaves the other messages alone.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument as _;

use super::lambda::Invocation;
use super::measures::Count;

/// A message whose body could be read.
#[derive(Clone, Debug)]
pub struct Message<T> {
    /// SQS's id, by which it is reported as failed. Lambda takes an empty one in the report for a failure of the whole
    /// batch, so a message without id cannot be reported.
    id: Option<String>,
    /// What it says.
    pub body: T,
}

/// The messages that must come again.
#[derive(Debug, Default)]
pub struct Failures(Vec<BatchItemFailure>);

/// How many messages of a batch are handled at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// One after the other, in the order of the batch.
    Sequential,
    /// At most so many.
    AtMost(usize),
}

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
enum Fault<E> {
    #[error("{0}")]
    Failed(E),
    #[error("its handler panicked")]
    Panicked,
    #[error("the invocation's time was up")]
    OutOfTime,
}

impl<T> Message<T> {
    /// The same message, read as `body`.
    pub fn with<U>(self, body: U) -> Message<U> {
        Message { id: self.id, body }
    }
}

/// Reads the bodies of a batch. What `parse` cannot read will never be readable: it is counted and dropped, loudly.
pub fn read<T>(event: SqsEvent, parse: impl Fn(&str) -> Option<T>) -> Vec<Message<T>> {
    let read = event.records.into_iter().filter_map(|record| {
        let id = record.message_id.filter(|id| !id.is_empty());
        let body = record.body.as_deref().and_then(&parse);
        if body.is_none() {
            tracing::error_span!("message", message_id = id).in_scope(|| drop_dead("unreadable message"));
        }
        Some(Message { id, body: body? })
    });
    read.collect()
}

/// Nothing can be done for a message, now or later: it is counted and taken out, loudly.
pub fn drop_dead(reason: &'static str) {
    Count::DeadMessages.one();
    tracing::error!(reason, "message dropped");
}

impl Invocation {
    /// Handles each message in a span of its own and answers which must come again: those whose handler failed or
    /// panicked, and those not done when the invocation's time is nearly up. A handler may be dropped at any await then,
    /// as a crash would stop it.
    pub async fn handle_each<T, E, F>(
        &self,
        messages: impl IntoIterator<Item = Message<T>>,
        concurrency: Concurrency,
        handle: impl Fn(T) -> F,
    ) -> Failures
    where
        E: std::error::Error,
        F: Future<Output = Result<(), E>>,
    {
        let handle = &handle;
        let handled = messages.into_iter().map(|Message { id, body }| {
            let span = tracing::info_span!("message", request_id = %self.request_id, message_id = id);
            async move {
                match self.guard(async { handle(body).await }).await {
                    Ok(()) => None,
                    Err(fault) => {
                        let cause = match &fault {
                            Fault::Failed(error) => error.source().map(ToString::to_string),
                            Fault::Panicked | Fault::OutOfTime => None,
                        };
                        tracing::error!(error = %fault, cause, "message failed: it comes again");
                        report(id)
                    }
                }
            }
            .instrument(span)
        });
        let at_a_time = match concurrency {
            Concurrency::Sequential => 1,
            Concurrency::AtMost(limit) => limit.max(1),
        };
        let failures = stream::iter(handled).buffer_unordered(at_a_time).filter_map(std::future::ready);
        Failures(failures.collect().await)
    }

    async fn guard<E>(&self, handling: impl Future<Output = Result<(), E>>) -> Result<(), Fault<E>> {
        let handling = AssertUnwindSafe(handling).catch_unwind();
        let handled = match self.stop_at {
            // A time-out polls its future once before it looks at the clock: what has no time left is not begun.
            Some(stop_at) if Instant::now() >= stop_at => return Err(Fault::OutOfTime),
            Some(stop_at) => timeout_at(stop_at, handling).await.map_err(|_| Fault::OutOfTime)?,
            None => handling.await,
        };
        handled.map_err(|_| Fault::Panicked)?.map_err(Fault::Failed)
    }
}

impl Failures {
    /// All of these messages, none of which was handled.
    pub fn all<'a, T: 'a>(messages: impl IntoIterator<Item = &'a Message<T>>) -> Self {
        Self(messages.into_iter().filter_map(|message| report(message.id.clone())).collect())
    }

    /// These and those.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Whether every message was handled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Failures> for SqsBatchResponse {
    fn from(failures: Failures) -> Self {
        let mut response = Self::default();
        response.batch_item_failures = failures.0;
        response
    }
}

fn report(id: Option<String>) -> Option<BatchItemFailure> {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id?;
    Some(failure)
}

#[cfg(test)]
mod tests;
