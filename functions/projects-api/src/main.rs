//! The Lambda function of the communs HTTP API.

use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::Handlers;
use passerelle::platform::telemetry;
use projects_api::{App, Config, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::platform::aws::load().await;
    let app = App::start(&sdk, config, Clock::system()).await?;
    Handlers::default().http(router(app)).run(telemetry).await
}
