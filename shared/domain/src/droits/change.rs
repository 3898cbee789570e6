//! Change of establishment: nodes M1 to M10. A refused change alters nothing.
//!
//! Source: docs/spec/droits.md#change-of-establishment

use chrono::{DateTime, Utc};

use super::account::{Establishment, Role, User};
use super::decision::{Decision, Pending, Step};
use super::examination::retain;
use super::portail_df::Consultation;
use super::rights::Rights;
use super::sign_in::SignInRefusal;
use super::suspension::Cause;
use super::trail::Trail;
use super::wording;

/// What is known when a change is asked for.
#[derive(Clone, Copy, Debug)]
pub struct ChangeFacts<'a> {
    /// Who changes.
    pub user: &'a User,
    /// The establishment changed to, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// Whether the user is a member of it.
    pub member: bool,
}

/// What a change comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Portail DF could not be asked.
    Unavailable,
    /// Refused.
    Refused(SignInRefusal),
    /// Changed (M10).
    Accepted(Rights),
}

/// A change of which everything before M6 passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingChange<'a> {
    user: &'a User,
    establishment: &'a Establishment,
    trail: Trail,
}

/// Decides a change as far as Portail DF.
#[must_use]
pub fn begin<'a>(facts: &ChangeFacts<'a>) -> Step<PendingChange<'a>> {
    let mut trail = Trail::default();
    for (node, text) in [
        ("M1", "personne connectée"),
        ("M2", "ouverture de la liste des établissements"),
        ("M3", "établissements dont la personne est membre"),
    ] {
        trail.record(node, text);
    }
    let Some(establishment) = facts.establishment else {
        let outcome = ChangeOutcome::Refused(SignInRefusal::EstablishmentMissing);
        return Step::Decided(Decision { outcome, trail });
    };
    trail.record("M4", wording::establishment(establishment));
    trail.record("M5", "demande de changement");
    if facts.user.role == Role::Admin {
        trail.record("M6", "pas de vérification pour un administrateur");
        trail.record("M10", "nouveau jeton");
        return Step::Decided(Decision { outcome: ChangeOutcome::Accepted(Rights::Administrator), trail });
    }
    if !facts.member {
        return Step::Decided(Decision { outcome: ChangeOutcome::Refused(SignInRefusal::NotMember), trail });
    }
    Step::AskPortailDf(PendingChange { user: facts.user, establishment, trail })
}

impl Pending for PendingChange<'_> {
    type Outcome = ChangeOutcome;

    fn finish(self, consultation: &Consultation, now: DateTime<Utc>) -> Decision<ChangeOutcome> {
        let Self { user, establishment, mut trail } = self;
        let Ok(retained) = retain(consultation, establishment, &Cause::ALL, now) else {
            trail.record("M6", "Portail DF n'a pas pu être interrogé");
            return Decision { outcome: ChangeOutcome::Unavailable, trail };
        };
        trail.record("M6", wording::entries(consultation));
        let Some(examined) = retained else {
            trail.record_answer("M7", false, wording::no_structure(establishment));
            trail.record("M8", "Structure inconnue");
            return Decision { outcome: ChangeOutcome::Refused(SignInRefusal::StructureUnknown), trail };
        };
        trail.record_answer("M7", true, wording::structure(&examined));
        let failing: Vec<&str> = examined.failing.iter().map(|cause| cause.as_str()).collect();
        let found =
            if failing.is_empty() { "toutes les vérifications passent".to_owned() } else { failing.join(", ") };
        trail.record("M9", found);
        trail.record("M10", "nouveau jeton");
        Decision { outcome: ChangeOutcome::Accepted(Rights::checked(&examined, user, now)), trail }
    }
}
