//! Sending a write again that DynamoDB put off without having done anything: another transaction was under way on an
//! item, or a table or an index could not take more just then.
//!
//! The SDK sends a throttled call again by itself, but knows neither of these: a conflict it leaves to the caller, and
//! a throttle inside a cancelled transaction it does not see. The write is the same each time, its conditions included,
//! so whoever lost to the other transaction is told by a condition that fails.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

use super::error::{cancellation_codes, is_want_of_capacity};

/// The pauses after a conflict, each between half of it and the whole: another transaction takes some 10 to 20 ms.
const AFTER_CONFLICT: &[Duration] = &[millis(5), millis(10), millis(20), millis(40)];
/// The pauses after a want of capacity: on demand, DynamoDB then has had the time to give more.
const AFTER_THROTTLE: &[Duration] = &[millis(50), millis(100), millis(200)];

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Why a write was put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PutOff {
    /// Another transaction was under way.
    Conflict,
    /// A table or an index could not take more.
    Throttle,
}

/// Why a write of one item was put off, if it was. The SDK deals with its throttles.
pub(super) fn item_put_off<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Option<PutOff> {
    match error.as_service_error()?.code()? {
        "TransactionConflictException" | "TransactionInProgressException" => Some(PutOff::Conflict),
        _ => None,
    }
}

/// Why a transaction was put off: it was when each item that was in the way was so for a passing reason.
pub(super) fn transaction_put_off<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<PutOff> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return item_put_off(error);
    };
    let mut put_off = None;
    for code in cancellation_codes(cancelled) {
        put_off = match code {
            "None" => put_off,
            "TransactionConflict" => put_off.or(Some(PutOff::Conflict)),
            code if is_want_of_capacity(code) => Some(PutOff::Throttle),
            _ => return None,
        };
    }
    put_off
}

/// Sends a write until it is done, refused, or was put off often enough.
pub(super) async fn persist<T, E, R, F>(
    why_put_off: impl Fn(&SdkError<E, R>) -> Option<PutOff>,
    send: impl Fn() -> F,
) -> Result<T, SdkError<E, R>>
where
    F: Future<Output = Result<T, SdkError<E, R>>>,
{
    let mut patience = Patience::default();
    loop {
        let sent = send().await;
        let Some(why) = sent.as_ref().err().and_then(&why_put_off) else { return sent };
        if !patience.wait(why).await {
            return sent;
        }
    }
}

/// How often one write was put off so far.
#[derive(Debug, Default)]
struct Patience {
    conflicts: usize,
    throttles: usize,
}

impl Patience {
    /// Waits before the same write is sent again; `false` when it has been put off often enough.
    async fn wait(&mut self, why: PutOff) -> bool {
        let (pauses, so_far) = match why {
            PutOff::Conflict => (AFTER_CONFLICT, &mut self.conflicts),
            PutOff::Throttle => (AFTER_THROTTLE, &mut self.throttles),
        };
        let Some(pause) = pauses.get(*so_far) else { return false };
        *so_far += 1;
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    fn check(codes: &[&str], expected: Option<PutOff>) {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let exception = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        let error: SdkError<_, ()> =
            SdkError::service_error(TransactWriteItemsError::TransactionCanceledException(exception), ());
        assert_eq!(transaction_put_off(&error), expected, "{codes:?}");
    }

    #[test]
    fn a_transaction_is_sent_again_when_every_reason_passes() {
        check(&["None", "TransactionConflict"], Some(PutOff::Conflict));
        check(&["ThrottlingError", "None"], Some(PutOff::Throttle));
        check(&["TransactionConflict", "ProvisionedThroughputExceeded"], Some(PutOff::Throttle));
        check(&["ThrottlingError", "TransactionConflict"], Some(PutOff::Throttle));
        check(&["TransactionConflict", "ConditionalCheckFailed"], None);
        check(&["ThrottlingError", "ValidationError"], None);
        check(&["None"], None);
    }

    #[test]
    fn a_single_write_is_sent_again_after_a_conflict() {
        for (code, expected) in [
            ("TransactionConflictException", Some(PutOff::Conflict)),
            ("ConditionalCheckFailedException", None),
            ("ThrottlingException", None),
        ] {
            let error = PutItemError::generic(ErrorMetadata::builder().code(code).build());
            let error: SdkError<_, ()> = SdkError::service_error(error, ());
            assert_eq!(item_put_off(&error), expected, "{code}");
        }
    }

    #[tokio::test]
    async fn patience_ends() {
        let mut patience = Patience::default();
        for _ in AFTER_CONFLICT {
            assert!(patience.wait(PutOff::Conflict).await);
        }
        assert!(!patience.wait(PutOff::Conflict).await);
        assert!(patience.wait(PutOff::Throttle).await, "counted apart");
    }
}
