//! The Lambda function that sweeps the outbox, on a schedule.

use lambda_runtime::Error;
use outbox_sweeper::{Config, Sweeper};
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::{Handlers, no_job};
use passerelle::platform::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::platform::aws::load().await;
    let sweeper = &Sweeper::new(&sdk, config, Clock::system());
    let swept = async |event| {
        no_job(&event)?;
        Ok(serde_json::to_value(sweeper.handle().await?)?)
    };
    Handlers::default().scheduled(swept).run(telemetry).await
}
