//! The Lambda function that delivers webhooks, fed by SQS.

use lambda_runtime::Error;
use passerelle::clock::Clock;
use passerelle::lambda::Handlers;
use passerelle::telemetry;
use webhook_fanout::{Config, Fanout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let fanout = Fanout::start(&sdk, config, Clock::system()).await?;
    Handlers::default().batch(|event| fanout.handle(event)).run(telemetry).await
}
