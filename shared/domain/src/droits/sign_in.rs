//! Sign-in: nodes L1 to L29.
//!
//! Source: docs/spec/droits.md#sign-in

use chrono::{DateTime, Utc};

use super::account::{Establishment, Role, User};
use super::decision::{Decision, Pending, Step};
use super::examination::{Examined, retain};
use super::portail_df::Consultation;
use super::rights::Rights;
use super::suspension::Cause;
use super::trail::Trail;
use super::wording;

/// What is known when somebody signs in.
#[derive(Clone, Copy, Debug)]
pub struct SignInFacts<'a> {
    /// The user of the e-mail, if there is one.
    pub user: Option<&'a User>,
    /// What was found of the password.
    pub password: Password,
    /// Whether an administrator is still to bring a code.
    pub second_factor: SecondFactor,
    /// The establishment signed in to, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// Whether the user is a member of it.
    pub member: bool,
    /// Whether Portail DF ever answered about the user in this establishment.
    pub checked_before: bool,
}

/// What was found of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// It is the user's.
    Right,
    /// It is not.
    Wrong,
    /// An explanation has none.
    NotExamined,
}

/// Where an administrator is with the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// A code is to be sent.
    Due,
    /// The code was brought, or none is asked for here.
    Satisfied,
}

/// What a sign-in comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// L9: a code is to be sent to the administrator.
    SecondFactor,
    /// Refused; nothing is altered.
    Refused(SignInRefusal),
    /// Signed in (L29).
    Accepted(Rights),
}

/// Why a sign-in, or a change of establishment, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// L3.
    UserMissing,
    /// L5.
    UserDeleted,
    /// L7.
    Password,
    /// L12.
    EstablishmentMissing,
    /// The user is no member of the establishment.
    NotMember,
    /// L18, M8.
    StructureUnknown,
}

/// A sign-in of which everything before L16 passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSignIn<'a> {
    user: &'a User,
    establishment: &'a Establishment,
    checked_before: bool,
    trail: Trail,
}

/// What the nodes before L16 lead to.
enum Before<'a> {
    SecondFactor,
    Administrator,
    ToBeChecked(&'a User, &'a Establishment),
}

/// Decides a sign-in as far as Portail DF.
#[must_use]
pub fn begin<'a>(facts: &SignInFacts<'a>) -> Step<PendingSignIn<'a>> {
    let mut trail = Trail::default();
    let outcome = match check_person(facts, &mut trail) {
        Ok(Before::ToBeChecked(user, establishment)) => {
            return Step::AskPortailDf(PendingSignIn {
                user,
                establishment,
                checked_before: facts.checked_before,
                trail,
            });
        }
        Ok(Before::SecondFactor) => SignInOutcome::SecondFactor,
        Ok(Before::Administrator) => SignInOutcome::Accepted(Rights::Administrator),
        Err(refusal) => SignInOutcome::Refused(refusal),
    };
    Step::Decided(Decision { outcome, trail })
}

/// L1 to L15.
fn check_person<'a>(facts: &SignInFacts<'a>, trail: &mut Trail) -> Result<Before<'a>, SignInRefusal> {
    trail.record("L1", "demande de connexion");
    let Some(user) = facts.user else {
        trail.record_answer("L2", false, "aucun compte pour cette adresse");
        return Err(refuse(trail, "L3", "UserMissingError", SignInRefusal::UserMissing));
    };
    trail.record_answer("L2", true, "le compte existe");
    if user.deleted_at.is_some() {
        trail.record_answer("L4", true, "compte supprimé");
        return Err(refuse(trail, "L5", "UserDeletedError", SignInRefusal::UserDeleted));
    }
    trail.record_answer("L4", false, "compte actif");
    match facts.password {
        Password::NotExamined => trail.record("L6", "mot de passe non examiné"),
        Password::Right => trail.record_answer("L6", true, "mot de passe juste"),
        Password::Wrong => {
            trail.record_answer("L6", false, "mot de passe faux");
            return Err(refuse(trail, "L7", "AuthenticationFailedError", SignInRefusal::Password));
        }
    }
    let administrator = user.role == Role::Admin;
    trail.record_answer("L8", administrator, wording::role(user.role));
    if administrator {
        if facts.second_factor == SecondFactor::Due {
            trail.record("L9", "second facteur demandé");
            return Ok(Before::SecondFactor);
        }
        trail.record("L9", "second facteur satisfait ou désactivé");
    }
    trail.record("L10", "connexion à l'établissement");
    let establishment = check_membership(facts.establishment, facts.member || administrator, trail)?;
    trail.record("L13", "vérification des droits Portail DF");
    trail.record_answer("L14", administrator, wording::role(user.role));
    if administrator {
        trail.record("L15", "pas de vérification pour un administrateur");
        trail.record("L29", "connexion réussie");
        return Ok(Before::Administrator);
    }
    Ok(Before::ToBeChecked(user, establishment))
}

/// L11, then the membership, which has no node in the seed.
fn check_membership<'a>(
    establishment: Option<&'a Establishment>,
    allowed: bool,
    trail: &mut Trail,
) -> Result<&'a Establishment, SignInRefusal> {
    let Some(establishment) = establishment else {
        trail.record_answer("L11", false, "aucun établissement n'a cet identifiant");
        return Err(refuse(trail, "L12", "EstablishmentMissingError", SignInRefusal::EstablishmentMissing));
    };
    trail.record_answer("L11", true, wording::establishment(establishment));
    if allowed { Ok(establishment) } else { Err(SignInRefusal::NotMember) }
}

impl Pending for PendingSignIn<'_> {
    type Outcome = SignInOutcome;

    fn finish(self, consultation: &Consultation, now: DateTime<Utc>) -> Decision<SignInOutcome> {
        let Self { user, establishment, checked_before, mut trail } = self;
        let Ok(retained) = retain(consultation, establishment, &Cause::ALL, now) else {
            let (rights, text) = if checked_before {
                (Rights::NotChecked, "Portail DF n'a pas pu être interrogé : les droits enregistrés sont gardés")
            } else {
                (
                    Rights::NeverChecked,
                    "Portail DF n'a pas pu être interrogé, et ne l'a jamais été : rien n'est affiché",
                )
            };
            trail.record("L16", text);
            return Decision { outcome: SignInOutcome::Accepted(rights), trail };
        };
        trail.record("L16", wording::entries(consultation));
        let Some(examined) = retained else {
            trail.record_answer("L17", false, wording::no_structure(establishment));
            let refusal = refuse(&mut trail, "L18", "ForbiddenError", SignInRefusal::StructureUnknown);
            return Decision { outcome: SignInOutcome::Refused(refusal), trail };
        };
        trail.record_answer("L17", true, wording::structure(&examined));
        record_checks(&examined, user, &mut trail);
        trail.record("L29", "connexion réussie");
        Decision { outcome: SignInOutcome::Accepted(Rights::checked(&examined, user, now)), trail }
    }
}

/// L19 to L28: the path ends at the first check that fails.
fn record_checks(examined: &Examined<'_>, user: &User, trail: &mut Trail) {
    trail.record("L19", wording::perimeter(examined));
    let passes = examined.passes(Cause::StructureExpired);
    trail.record_answer("L20", passes, wording::access(examined));
    if !passes {
        return record_suspension(trail, "L21", Cause::StructureExpired);
    }
    trail.record("L22", wording::group(examined));
    let passes = examined.passes(Cause::AccessLevel);
    trail.record_answer("L23", passes, wording::level(examined));
    if !passes {
        return record_suspension(trail, "L24", Cause::AccessLevel);
    }
    let passes = examined.passes(Cause::Perimeter);
    trail.record_answer("L25", passes, wording::perimeter(examined));
    if !passes {
        return record_suspension(trail, "L26", Cause::Perimeter);
    }
    for (node, cause, sound, unsound) in [
        ("date_expiration", Cause::UserExpired, "compte Portail DF en cours", "compte Portail DF expiré"),
        ("cgu_valide", Cause::Conditions, "conditions d'utilisation validées", "conditions d'utilisation non validées"),
    ] {
        let passes = examined.passes(cause);
        trail.record_answer(node, passes, if passes { sound } else { unsound });
        if !passes {
            return;
        }
    }
    let lifted = user.suspension.as_ref().is_some_and(|suspension| !suspension.is_manual());
    trail.record_answer("L27", lifted, wording::suspension(user.suspension.as_ref()));
    if lifted {
        trail.record("L28", "suspension levée");
    }
}

fn record_suspension(trail: &mut Trail, node: &str, cause: Cause) {
    trail.record(node, format!("suspension : {}", cause.as_str()));
}

fn refuse(trail: &mut Trail, node: &str, text: &str, refusal: SignInRefusal) -> SignInRefusal {
    trail.record(node, text);
    refusal
}
