//! What the functions run on: AWS clients, configuration, secrets, queues, the clock, logs and metrics.

pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
mod http_event;
pub mod ids;
pub mod lambda;
pub mod measures;
pub mod queue;
pub mod secrets;
pub mod telemetry;
