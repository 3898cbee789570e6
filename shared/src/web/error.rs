//! Failures of a handler: refusals are shown, everything else is logged once and shown as an internal error.

use crate::store::error::{CommitError, StoreError};
use crate::web::problem::{Code, Problem};
use axum::response::{IntoResponse, Response};
use domain::body::{Fault, Missing};

/// What a handler answers when it does not succeed.
#[derive(Debug)]
pub enum ApiError {
    /// A refusal, to be shown as it is.
    Refused(Problem),
    /// A write lost a race: decide again.
    Race,
    /// A failure of ours or of AWS.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

impl From<Vec<Fault>> for ApiError {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Refused(faults.into())
    }
}

impl From<Missing> for ApiError {
    fn from(missing: Missing) -> Self {
        Self::Failed(missing.into())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Race => Self::Race,
            CommitError::Store(error) => error.into(),
        }
    }
}

impl From<crate::platform::secrets::SecretError> for ApiError {
    fn from(error: crate::platform::secrets::SecretError) -> Self {
        Self::Failed(error.into())
    }
}

impl ApiError {
    /// The problem to show; the detail of a failure goes to the log here, and nowhere else.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            Self::Race => Problem::new(Code::Unavailable).detail("Trop d'écritures simultanées du même objet."),
            Self::Failed(error) => {
                let causes = std::iter::successors(error.source(), |cause| cause.source());
                let chain: Vec<String> = causes.map(ToString::to_string).collect();
                tracing::error!(error = %error, causes = ?chain, "request failed");
                Code::Internal.into()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.into_problem().into_response()
    }
}
