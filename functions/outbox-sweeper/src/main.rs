//! The Lambda function that sweeps the outbox, on a schedule.

use lambda_runtime::Error;
use outbox_sweeper::{Config, Sweeper};
use passerelle::clock::Clock;
use passerelle::lambda::Handlers;
use passerelle::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let sweeper = &Sweeper::new(&sdk, config, Clock::system());
    let swept = async |_| Ok(serde_json::to_value(sweeper.handle().await?)?);
    Handlers::default().scheduled(swept).run(telemetry).await
}
