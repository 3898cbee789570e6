//! Deciding again after a conflict: the write lost a race, or what it was decided on grew too old.

use std::time::Duration;

use super::error::ApiError;

/// How often a write is decided again before the caller is asked to come back.
const ROUNDS: u32 = 8;

/// Runs `attempt` again, after a little jitter, as long as it answers [`ApiError::DecideAgain`].
///
/// # Errors
/// Whatever else `attempt` answers; [`ApiError::DecideAgain`] after the last round.
pub async fn retry_on_conflict<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, ApiError>
where
    F: Future<Output = Result<T, ApiError>>,
{
    for round in 1..ROUNDS {
        match attempt().await {
            Err(ApiError::DecideAgain) => {
                let jitter = rand::random_range(0..(4_u64 << round.min(6)));
                tokio::time::sleep(Duration::from_millis(jitter)).await;
            }
            decided => return decided,
        }
    }
    attempt().await
}
