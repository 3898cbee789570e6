//! JSON logs and metrics on standard output, as CloudWatch reads them. Never personal data, keys or secrets.

use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What gathers metrics until an invocation ends.
pub struct Telemetry(Option<&'static Collector>);

/// Starts JSON logging and metrics, once per process. `RUST_LOG` chooses the level (default `info`); without
/// `METRICS_NAMESPACE` nothing is measured.
#[must_use]
pub fn start() -> Telemetry {
    let chosen = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let filter = chosen.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    // The current span carries the request's id.
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    // A second call (tests, the local stack) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    tracing::info!(version = crate::VERSION, "started");
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
