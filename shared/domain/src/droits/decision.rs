//! A decision is taken in two typed steps: the first ends in a decision, or in a question that only an answer of
//! Portail DF can finish.

use chrono::{DateTime, Utc};

use super::portail_df::Consultation;
use super::trail::Trail;

/// What a request comes to, and the path that led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<O> {
    /// What it comes to.
    pub outcome: O,
    /// The nodes it went through.
    pub trail: Trail,
}

/// A decision that waits for what Portail DF says.
pub trait Pending {
    /// What it may come to.
    type Outcome;

    /// Finishes the decision. [`Consultation::Unavailable`] is an answer too.
    fn finish(self, consultation: &Consultation, now: DateTime<Utc>) -> Decision<Self::Outcome>;
}

/// How the first step of a decision ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<P: Pending> {
    /// Portail DF has nothing to say in it.
    Decided(Decision<P::Outcome>),
    /// Everything that comes before Portail DF passes.
    AskPortailDf(P),
}
