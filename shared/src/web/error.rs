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
    /// The store refused a write because what it was decided on is no longer so: read again, and decide again.
    DecideAgain,
    /// The store cannot be reached or is throttled: the same request may pass a little later.
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
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
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Race => Self::DecideAgain,
            CommitError::Store(error) => error.into(),
        }
    }
}

impl From<crate::platform::secrets::SecretError> for ApiError {
    fn from(error: crate::platform::secrets::SecretError) -> Self {
        Self::Failed(error.into())
    }
}

/// How long a caller is asked to wait before it comes back, in seconds.
const COME_BACK_AFTER: u64 = 1;

impl ApiError {
    /// Whether it refuses with this code.
    #[must_use]
    pub fn is(&self, code: Code) -> bool {
        matches!(self, Self::Refused(problem) if problem.code() == code)
    }

    /// The problem to show; the detail of a failure goes to the log here, and nowhere else.
    #[must_use]
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => problem,
            Self::DecideAgain => {
                let detail = "Trop d'écritures simultanées du même objet.";
                Problem::new(Code::Unavailable).detail(detail).retry_after(COME_BACK_AFTER)
            }
            Self::Unavailable(error) => {
                tracing::error!(%error, causes = ?causes(&*error), "request failed for now");
                Problem::new(Code::Unavailable).retry_after(COME_BACK_AFTER)
            }
            Self::Failed(error) => {
                tracing::error!(%error, causes = ?causes(&*error), "request failed");
                Code::Internal.into()
            }
        }
    }
}

fn causes(error: &(dyn std::error::Error + 'static)) -> Vec<String> {
    std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.into_problem().into_response()
    }
}
