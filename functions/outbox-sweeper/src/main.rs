//! The Lambda function that sweeps the outbox, on a schedule.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use outbox_sweeper::{Config, Sweeper};
use passerelle::clock::Clock;
use passerelle::telemetry;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let sweeper = Sweeper::new(&sdk, config, Clock::system());
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| async { Ok::<_, Error>(sweeper.handle().await?) })).await
}
