//! JSON logs and metrics on standard output, as CloudWatch reads them. Never personal data, keys or secrets.

use tracing_subscriber::EnvFilter;

/// Starts JSON logging, once per process. `RUST_LOG` chooses the level (default `info`).
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call (tests, the local stack) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_current_span(false)
        .try_init();
}
