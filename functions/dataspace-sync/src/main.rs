//! The Lambda function of the coop domain: HTTP API, nightly run, outbox of Brevo.

use dataspace_sync::{App, Config, Scheduled, router};
use passerelle::clock::Clock;
use passerelle::lambda::Handlers;
use passerelle::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let app = &App::start(&sdk, config, Clock::system()).await?;
    Handlers::default()
        .http(router(app.clone()))
        .batch(|batch| app.handle(batch))
        .scheduled(async |event| Ok(app.scheduled(Scheduled::of(&event)).await?.into()))
        .run(telemetry)
        .await
}
