//! The Lambda function of the droits domain: HTTP API, mails to send, sweep of the mails left behind and of the accounts
//! that nobody uses.

use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::{Handlers, no_job};
use passerelle::platform::telemetry;
use rights_checker::{App, Config, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let telemetry = telemetry::start();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let sdk = passerelle::platform::aws::load().await;
    let app = &App::start(&sdk, config, Clock::system()).await?;
    Handlers::default()
        .http(router(app.clone()))
        .batch(|batch, invocation| app.mails().send_batch(batch, invocation))
        .scheduled(async |event| {
            no_job(&event)?;
            Ok(app.sweep().await?.into())
        })
        .run(telemetry)
        .await
}
