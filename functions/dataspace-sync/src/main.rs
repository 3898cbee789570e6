//! The Lambda function of the coop domain: HTTP API, nightly run, outbox of Brevo.

use dataspace_sync::{App, Config, Scheduled, router};
use passerelle::clock::Clock;
use passerelle::{lambda, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::aws::load().await;
    let app = App::start(&sdk, config, Clock::system()).await?;
    let (http, app) = (router(app.clone()), &app);
    let scheduled = |event| async move { Ok(app.scheduled(Scheduled::of(&event)).await.map(drop)?) };
    lambda::run(http, |batch| app.handle(batch), scheduled).await
}
