//! What can go wrong between us and DynamoDB.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

/// A failed operation of the store. The detail is for the log, once; never for a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB refused, or could not be reached.
    #[error("DynamoDB: {operation} failed ({source})")]
    Aws {
        /// The operation's name, as in the AWS API.
        operation: &'static str,
        /// Why.
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

impl StoreError {
    /// Wraps the error of `operation`.
    pub(crate) fn aws<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
    {
        move |error| Self::Aws { operation, source: Box::new(error.into()) }
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
    /// A cancelled transaction is a race when a condition failed or another transaction was under way.
    pub(crate) fn of_transaction<R>(error: SdkError<TransactWriteItemsError, R>) -> Self
    where
        aws_sdk_dynamodb::Error: From<SdkError<TransactWriteItemsError, R>>,
    {
        let raced = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled
                .cancellation_reasons()
                .iter()
                .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => true,
            _ => false,
        };
        if raced { Self::Race } else { Self::Store(StoreError::aws("TransactWriteItems")(error)) }
    }

    /// A single conditional write whose condition failed is a race.
    pub(crate) fn of_write<E, R>(operation: &'static str) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        SdkError<E, R>: aws_sdk_dynamodb::error::ProvideErrorMetadata,
        aws_sdk_dynamodb::Error: From<SdkError<E, R>>,
    {
        move |error| match error.code() {
            Some("ConditionalCheckFailedException" | "TransactionConflictException") => Self::Race,
            _ => Self::Store(StoreError::aws(operation)(error)),
        }
    }
}
