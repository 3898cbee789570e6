//! The Lambda function that delivers webhooks, fed by SQS.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use passerelle::clock::Clock;
use passerelle::telemetry;
use webhook_fanout::{Config, Fanout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let fanout = Fanout::start(&sdk, config, Clock::system()).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(fanout.handle(event.payload).await)
    }))
    .await
}
