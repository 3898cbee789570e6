//! The Lambda function of the coop domain: HTTP API, nightly run, outbox of Brevo.

use dataspace_sync::{App, Config, router};
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::Handlers;
use passerelle::platform::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::platform::aws::load().await;
    let app = &App::start(&sdk, config, Clock::system()).await?;
    Handlers::default()
        .http(router(app.clone()))
        .batch(|batch, invocation| app.handle(batch, invocation))
        .scheduled(async |event| Ok(app.scheduled(&event).await?.into()))
        .run(telemetry)
        .await
}
