//! JSON logs and metrics on standard output, as CloudWatch reads them. Never personal data, keys or secrets.

use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing_subscriber::EnvFilter;

/// What gathers metrics until an invocation ends.
pub struct Telemetry(Option<&'static Collector>);

/// Starts JSON logging and metrics, once per process. `RUST_LOG` chooses the level (default `info`); without
/// `METRICS_NAMESPACE` nothing is measured.
#[must_use]
pub fn start() -> Telemetry {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call (tests, the local stack) keeps the first subscriber. The current span carries the request's id.
    let _ =
        tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_span_list(false).try_init();
    let namespace = std::env::var("METRICS_NAMESPACE").ok().filter(|namespace| !namespace.is_empty());
    Telemetry(namespace.and_then(|namespace| Builder::new().cloudwatch_namespace(namespace).init().ok()))
}

impl Telemetry {
    /// Writes what was measured since the last time, in CloudWatch's embedded metric format.
    pub fn flush(&self) {
        if let Some(Err(error)) = self.0.map(|collector| collector.flush(std::io::stdout())) {
            tracing::warn!(%error, "metrics not written");
        }
    }
}
