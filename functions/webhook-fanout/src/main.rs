//! The Lambda function that delivers webhooks, fed by SQS.

use lambda_runtime::Error;
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::Handlers;
use passerelle::platform::telemetry;
use webhook_fanout::{Config, Fanout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::platform::aws::load().await;
    let fanout = Fanout::start(&sdk, config, Clock::system()).await?;
    Handlers::default().batch(|event, invocation| fanout.handle(event, invocation)).run(telemetry).await
}
