//! What AWS does around a function: routing, event source mappings, schedules.
//!
//! Functions run in this process, but under the rules they meet on AWS: a time limit per invocation, a batch
//! that fails as a whole when the function errs or panics, messages that stay in the queue unless deleted.

mod fate;
mod gateway;
mod mapping;
mod permissions;
mod sandbox;
mod schedule;
mod sqs_event;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use axum::Router;
use futures_util::future::BoxFuture;

pub use fate::Fate;
pub use gateway::{Gateway, GatewayError};
pub use mapping::{Feed, Mapping, MappingError};
pub use permissions::{Permissions, Used, guarded, table_arn};
pub use sandbox::sandbox;
pub use schedule::Scheduled;

/// A function invoked with a batch of queue messages.
pub type BatchHandler = Arc<dyn Fn(SqsEvent) -> BoxFuture<'static, SqsBatchResponse> + Send + Sync>;

/// A function invoked by a schedule, with its input.
pub type ScheduledHandler =
    Arc<dyn Fn(serde_json::Value) -> BoxFuture<'static, Result<ScheduledRun, String>> + Send + Sync>;

/// What a scheduled function did.
#[derive(Debug, Clone, Default)]
pub struct ScheduledRun {
    /// Its answer.
    pub report: serde_json::Value,
    /// How many things it took care of; zero when there was nothing to do.
    pub work: usize,
}

/// The ways into one function; those it does not offer are `None`.
#[derive(Clone, Default)]
pub struct LocalFunction {
    /// HTTP requests.
    pub http: Option<Router>,
    /// Queue messages.
    pub batch: Option<BatchHandler>,
    /// Schedules.
    pub scheduled: Option<ScheduledHandler>,
}

/// How an invocation ended without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// The function panicked; only this invocation is lost.
    #[error("la fonction a paniqué")]
    Panicked,
    /// The function ran longer than its timeout.
    #[error("la fonction a dépassé son délai d'exécution")]
    TimedOut,
    /// Its process died between two calls.
    #[error("la fonction s'est arrêtée entre deux appels")]
    Died,
}

/// Runs one invocation apart, so that neither a panic nor a hang reaches the caller.
///
/// # Errors
/// When the function panics or runs longer than `limit`.
pub async fn invoke<T: Send + 'static>(
    invocation: BoxFuture<'static, T>,
    limit: Duration,
) -> Result<T, InvocationError> {
    let mut task = tokio::spawn(invocation);
    match tokio::time::timeout(limit, &mut task).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(InvocationError::Panicked),
        Err(_) => {
            task.abort();
            Err(InvocationError::TimedOut)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn panics_and_hangs_stay_inside_their_invocation() {
        let limit = Duration::from_millis(20);
        assert_eq!(invoke(async { 7 }.boxed(), limit).await, Ok(7));
        let panics = async { panic!("a bad record") };
        assert_eq!(invoke::<()>(panics.boxed(), limit).await, Err(InvocationError::Panicked));
        let hangs = std::future::pending();
        assert_eq!(invoke::<()>(hangs.boxed(), limit).await, Err(InvocationError::TimedOut));
    }
}
