//! What can go wrong between us and DynamoDB, told apart by what a caller does about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;

/// A failed operation of the store. The detail is for the log, once; never for a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB could not be reached, is throttling, or failed itself: the same request may pass a little later (503).
    #[error("DynamoDB: {operation} is unavailable for now ({source})")]
    Unavailable {
        /// The operation's name, as in the AWS API.
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// DynamoDB refused the request: a fault of ours, or of the deployment. Trying again changes nothing (500).
    #[error("DynamoDB: {operation} was refused ({source})")]
    Refused {
        /// The operation's name, as in the AWS API.
        operation: &'static str,
        #[source]
        source: Box<aws_sdk_dynamodb::Error>,
    },
    /// An item does not have the form this version of the code writes and reads.
    #[error("an item of the table cannot be read")]
    Item(#[from] serde_dynamo::Error),
    /// An item was written by code newer than this: its version.
    #[error("an item of the table is of version {0}, newer than this code")]
    Schema(u32),
    /// A request could not be built: a fault of ours.
    #[error("a request to DynamoDB could not be built")]
    Build(#[from] aws_sdk_dynamodb::error::BuildError),
}

/// Codes of DynamoDB that say "later", whatever the operation.
const PASSING: [&str; 8] = [
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflictException",
];

impl StoreError {
    /// Wraps the error of `operation`.
    pub(crate) fn aws<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata,
        aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
    {
        move |error| {
            let passes = match &error {
                SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
                SdkError::ServiceError(_) => error.code().is_some_and(|code| PASSING.contains(&code)),
                _ => false,
            };
            Self::told_apart(operation, passes, error.into())
        }
    }

    fn told_apart(operation: &'static str, passes: bool, source: aws_sdk_dynamodb::Error) -> Self {
        let source = Box::new(source);
        if passes { Self::Unavailable { operation, source } } else { Self::Refused { operation, source } }
    }
}

/// How a conditional write failed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was faster: read again and decide again.
    #[error("lost a race")]
    Race,
    /// Anything else.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CommitError {
    /// A cancelled transaction is a race when a condition failed or another transaction was under way; one cancelled
    /// for want of capacity alone may pass later.
    pub(crate) fn of_transaction<R>(error: SdkError<TransactWriteItemsError, R>) -> Self
    where
        SdkError<TransactWriteItemsError, R>: ProvideErrorMetadata,
        aws_sdk_dynamodb::Error: From<SdkError<TransactWriteItemsError, R>>,
    {
        const OPERATION: &str = "TransactWriteItems";
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => Self::Race,
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                if cancellation_codes(cancelled)
                    .any(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
                {
                    return Self::Race;
                }
                let passes = cancellation_codes(cancelled).any(is_want_of_capacity);
                StoreError::told_apart(OPERATION, passes, error.into()).into()
            }
            _ => StoreError::aws(OPERATION)(error).into(),
        }
    }

    /// A single conditional write whose condition failed is a race. One that still met another transaction after all
    /// its tries is not: nobody has dealt with it, and what it would have decided is as true as before.
    pub(crate) fn of_write<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        SdkError<E, R>: ProvideErrorMetadata,
        aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
    {
        move |error| match error.code() {
            Some("ConditionalCheckFailedException") => Self::Race,
            _ => Self::Store(StoreError::aws(operation)(error)),
        }
    }
}

/// Why each item of a cancelled transaction was in its way, or `None`.
pub(super) fn cancellation_codes(cancelled: &TransactionCanceledException) -> impl Iterator<Item = &str> {
    cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code())
}

/// Whether a reason says that a table or an index could not take more.
pub(super) fn is_want_of_capacity(code: &str) -> bool {
    code == "ProvisionedThroughputExceeded" || PASSING.contains(&code)
}

/// What was written; `None` where a lost race is as good, since somebody else has dealt with it.
///
/// # Errors
/// Whatever else failed.
pub fn unless_raced<T>(written: Result<T, CommitError>) -> Result<Option<T>, StoreError> {
    match written {
        Ok(written) => Ok(Some(written)),
        Err(CommitError::Race) => Ok(None),
        Err(CommitError::Store(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_sdk_dynamodb::types::CancellationReason;

    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Then {
        Later,
        Never,
        Again,
    }

    fn then(error: &CommitError) -> Then {
        match error {
            CommitError::Race => Then::Again,
            CommitError::Store(StoreError::Unavailable { .. }) => Then::Later,
            CommitError::Store(_) => Then::Never,
        }
    }

    fn read(error: SdkError<GetItemError, ()>) -> Then {
        then(&StoreError::aws("GetItem")(error).into())
    }

    fn cancelled(codes: &[&str]) -> Then {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let exception = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        then(&CommitError::of_transaction(SdkError::service_error(error, ())))
    }

    #[test]
    fn what_is_not_reached_or_throttled_passes_later() {
        for code in PASSING {
            let error = GetItemError::generic(ErrorMetadata::builder().code(code).build());
            assert_eq!(read(SdkError::service_error(error, ())), Then::Later, "{code}");
        }
        assert_eq!(read(SdkError::timeout_error("no answer")), Then::Later);
        assert_eq!(read(SdkError::dispatch_failure(ConnectorError::io("refused".into()))), Then::Later);
    }

    #[test]
    fn what_dynamodb_does_not_take_never_passes() {
        for code in ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"] {
            let error = GetItemError::generic(ErrorMetadata::builder().code(code).build());
            assert_eq!(read(SdkError::service_error(error, ())), Then::Never, "{code}");
        }
        assert_eq!(read(SdkError::construction_failure("no region")), Then::Never);
    }

    #[test]
    fn a_cancelled_transaction_tells_a_race_from_want_of_capacity() {
        assert_eq!(cancelled(&["None", "ConditionalCheckFailed"]), Then::Again);
        assert_eq!(cancelled(&["TransactionConflict", "ThrottlingError"]), Then::Again);
        assert_eq!(cancelled(&["None", "ThrottlingError"]), Then::Later);
        assert_eq!(cancelled(&["ProvisionedThroughputExceeded"]), Then::Later);
        assert_eq!(cancelled(&["ItemCollectionSizeLimitExceeded", "None"]), Then::Never);
    }
}
