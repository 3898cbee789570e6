//! The Lambda Runtime API as a function sees it, for one function process at a time.
//!
//! It hands out one event at a time over loopback HTTP and takes the answer back: enough to run the
//! built binaries exactly as they are deployed, with no emulator installed.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use bytes::Bytes;
use chrono::Utc;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The time a function is told it has. Above every time-out of the template.
const DEADLINE: Duration = Duration::from_secs(60);

/// What became of one invocation: the function's answer, or its error as it reported it.
pub type Outcome = Result<Value, String>;

/// The API for one function; it closes when this is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Invocation>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    pending: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    event: Value,
}

impl RuntimeApi {
    /// Opens the API on a free loopback port.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn open() -> io::Result<Self> {
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { waiting: tokio::sync::Mutex::new(waiting), pending: Mutex::default() });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(initialisation_error))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(async move {
            // Serving a bound listener only ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, events, _server: server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands an event to the function and waits for what it makes of it.
    ///
    /// # Errors
    /// The function's own error, as it reported it, an error of its start included.
    pub async fn invoke(&self, event: Value) -> Outcome {
        let id = Uuid::new_v4().to_string();
        let (sender, answer) = oneshot::channel();
        self.shared.pending().insert(id.clone(), sender);
        let sent = self.events.send(Invocation { id, event });
        sent.map_err(|_| "the runtime API is closed".to_owned())?;
        answer.await.unwrap_or_else(|_| Err("the runtime API is closed".to_owned()))
    }
}

impl Shared {
    fn pending(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Outcome>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, id: &str, outcome: Outcome) -> StatusCode {
        match self.pending().remove(id) {
            // Whoever invoked may have given up: the function need not know.
            Some(sender) => {
                let _ = sender.send(outcome);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Result<([(&'static str, String); 4], String), StatusCode> {
    let invocation = shared.waiting.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let deadline = Utc::now() + DEADLINE;
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", deadline.timestamp_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-3:000000000000:function:passerelle".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    Ok((headers, invocation.event.to_string()))
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    let outcome = serde_json::from_slice(&body).map_err(|error| format!("an answer that is not JSON: {error}"));
    shared.settle(&id, outcome)
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    shared.settle(&id, Err(String::from_utf8_lossy(&body).into_owned()))
}

async fn initialisation_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let message = format!("the function did not start: {}", String::from_utf8_lossy(&body));
    for (_, sender) in shared.pending().drain() {
        let _ = sender.send(Err(message.clone()));
    }
    StatusCode::ACCEPTED
}
