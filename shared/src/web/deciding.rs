//! Deciding again after a race lost.

use std::time::Duration;

use super::error::ApiError;

/// How often a write that lost a race is decided again before the caller is asked to come back.
const ROUNDS: u32 = 8;

/// Runs `attempt` again, after a little jitter, as long as it loses races.
///
/// # Errors
/// Whatever `attempt` answers but for races; [`ApiError::Race`] after the last round.
pub async fn deciding<T, F>(attempt: impl Fn() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    for round in 1..ROUNDS {
        match attempt().await {
            Err(ApiError::Race) => {
                let jitter = rand::random_range(0..(4_u64 << round.min(6)));
                tokio::time::sleep(Duration::from_millis(jitter)).await;
            }
            decided => return decided,
        }
    }
    attempt().await
}
