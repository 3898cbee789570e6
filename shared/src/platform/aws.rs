//! The one AWS configuration of a function: loaded once, with timeouts.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};

use crate::store::OPERATION_TIMEOUT;

/// Connect, attempt and operation timeouts, all below the functions' own.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

/// Reads region, credentials and endpoints (`AWS_ENDPOINT_URL*`) from the environment.
pub async fn load() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts()).load().await
}
