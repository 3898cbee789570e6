//! The HTTP client of the services we ask: short deadlines, no redirects, bodies within a limit, requests tried again when
//! that can help. Its errors name neither addresses nor bodies, which may carry personal data.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode, redirect};
use serde_json::Value;

use super::trust;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// The largest answer read.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The shortest pause before another try; the longest is three times that.
const PAUSE_MS: u64 = 30;

/// Why a service could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// It answered this status.
    #[error("answered {0}")]
    Status(u16),
    /// It did not answer in time.
    #[error("did not answer in time")]
    Timeout,
    /// No connection, or it broke.
    #[error("could not be reached")]
    Connection,
    /// Its answer is not of the form agreed.
    #[error("answered in another form than agreed")]
    Form,
}

impl AskError {
    /// Whether another try may help.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        match self {
            Self::Status(status) => status >= 500 || status == 429,
            Self::Timeout | Self::Connection => true,
            Self::Form => false,
        }
    }
}

/// A client whose requests end after `total`, the answer read.
///
/// # Errors
/// If TLS cannot be set up.
pub fn client(total: Duration) -> Result<reqwest::Client, reqwest::Error> {
    trust::client()
        .user_agent(concat!("Passerelle/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT)
        .timeout(total)
        .build()
}

/// Sends one request and reads its answer: the status, and the body as JSON (null when it is none).
///
/// # Errors
/// [`AskError::Timeout`], [`AskError::Connection`], or [`AskError::Form`] of an answer that is too large.
pub async fn ask(request: RequestBuilder) -> Result<(StatusCode, Value), AskError> {
    let mut answer = request.send().await.map_err(|error| failed(&error))?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(AskError::Form);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// Makes up to `tries` attempts, with a little jitter in between, as long as another may help.
///
/// # Errors
/// The last try's.
pub async fn retry<T, F>(tries: u32, attempt: impl Fn() -> F) -> Result<T, AskError>
where
    F: Future<Output = Result<T, AskError>>,
{
    for _ in 1..tries {
        match attempt().await {
            Err(error) if error.is_passing() => {
                let pause = rand::random_range(PAUSE_MS..3 * PAUSE_MS);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            answered => return answered,
        }
    }
    attempt().await
}

fn failed(error: &reqwest::Error) -> AskError {
    if error.is_timeout() { AskError::Timeout } else { AskError::Connection }
}
