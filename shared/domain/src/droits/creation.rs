//! Creation of an account: nodes C1 to C20.
//!
//! Source: docs/spec/droits.md#account-creation

use chrono::{DateTime, Utc};

use super::account::{Establishment, Prospect};
use super::decision::{Decision, Pending, Step};
use super::examination::{Examined, retain, sirens_with_lovac};
use super::perimeter::Perimeter;
use super::portail_df::Consultation;
use super::suspension::Cause;
use super::trail::Trail;
use super::wording;

/// What is known when a creation is asked for.
#[derive(Clone, Copy, Debug)]
pub struct CreationFacts<'a> {
    /// Whether the e-mail is on the list of test accounts.
    pub test_account: bool,
    /// The request for an account, if there is one.
    pub prospect: Option<&'a Prospect>,
    /// The establishment asked for, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// Whether an account has the e-mail already.
    pub email_used: bool,
}

/// What a creation comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreationOutcome {
    /// Portail DF could not be asked.
    Unavailable,
    /// Refused.
    Refused(CreationRefusal),
    /// The account is created (C20), with this perimeter, as a member of the establishment and of every other known
    /// one with one of these SIREN.
    Accepted {
        /// The perimeter to store.
        perimeter: Perimeter,
        /// SIREN of the structures in which the person has access to LOVAC.
        sirens: Vec<String>,
    },
}

/// Why an account is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreationRefusal {
    /// C3.
    TestAccount,
    /// C5.
    ProspectMissing,
    /// C7.
    ProspectIncomplete,
    /// C9.
    EstablishmentMissing,
    /// C12.
    StructureUnknown,
    /// C14.
    NoCommitment,
    /// C17.
    AccessLevel,
    /// C19.
    Perimeter,
    /// C20: an account has the e-mail already.
    EmailUsed,
}

impl CreationRefusal {
    /// What Portail DF lacks, as the answer names it.
    #[must_use]
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::StructureUnknown => Some("structure_inconnue"),
            Self::NoCommitment => Some("pas_de_commitment_lovac"),
            Self::AccessLevel => Some("niveau_acces_invalide"),
            Self::Perimeter => Some("perimetre_invalide"),
            _ => None,
        }
    }
}

/// A creation of which everything before C10 passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingCreation<'a> {
    establishment: &'a Establishment,
    email_used: bool,
    trail: Trail,
}

/// A creation looks at the structure, the level and the perimeter; not at the Portail DF user's own dates.
const SCOPE: [Cause; 3] = [Cause::StructureExpired, Cause::AccessLevel, Cause::Perimeter];

/// Decides a creation as far as Portail DF.
#[must_use]
pub fn begin<'a>(facts: &CreationFacts<'a>) -> Step<PendingCreation<'a>> {
    let mut trail = Trail::default();
    match check_request(facts, &mut trail) {
        Ok(establishment) => Step::AskPortailDf(PendingCreation { establishment, email_used: facts.email_used, trail }),
        Err(refusal) => Step::Decided(Decision { outcome: CreationOutcome::Refused(refusal), trail }),
    }
}

/// C1 to C9.
fn check_request<'a>(facts: &CreationFacts<'a>, trail: &mut Trail) -> Result<&'a Establishment, CreationRefusal> {
    trail.record("C1", "demande de création de compte");
    trail.record_answer("C2", facts.test_account, wording::test_account(facts.test_account));
    if facts.test_account {
        return Err(refuse(trail, "C3", "TestAccountError", CreationRefusal::TestAccount));
    }
    let Some(prospect) = facts.prospect else {
        trail.record_answer("C4", false, "aucune demande de compte pour cette adresse");
        return Err(refuse(trail, "C5", "ProspectMissingError", CreationRefusal::ProspectMissing));
    };
    trail.record_answer("C4", true, "une demande de compte existe");
    let complete = prospect.has_account && prospect.has_commitment;
    let (account, commitment) = (wording::yes_or_no(prospect.has_account), wording::yes_or_no(prospect.has_commitment));
    trail.record_answer("C6", complete, format!("hasAccount {account}, hasCommitment {commitment}"));
    if !complete {
        return Err(refuse(trail, "C7", "ProspectInvalidError", CreationRefusal::ProspectIncomplete));
    }
    let Some(establishment) = facts.establishment else {
        trail.record_answer("C8", false, "aucun établissement n'a cet identifiant");
        return Err(refuse(trail, "C9", "EstablishmentMissingError", CreationRefusal::EstablishmentMissing));
    };
    trail.record_answer("C8", true, wording::establishment(establishment));
    Ok(establishment)
}

impl Pending for PendingCreation<'_> {
    type Outcome = CreationOutcome;

    fn finish(self, consultation: &Consultation, now: DateTime<Utc>) -> Decision<CreationOutcome> {
        let Self { establishment, email_used, mut trail } = self;
        let Ok(retained) = retain(consultation, establishment, &SCOPE, now) else {
            trail.record("C10", "Portail DF n'a pas pu être interrogé");
            return Decision { outcome: CreationOutcome::Unavailable, trail };
        };
        trail.record("C10", wording::entries(consultation));
        let checked = check_rights(retained, establishment, &mut trail).and_then(|examined| {
            if email_used {
                let text = "un compte existe déjà pour cette adresse";
                return Err(refuse(&mut trail, "C20", text, CreationRefusal::EmailUsed));
            }
            trail.record("C20", "compte créé");
            Ok(CreationOutcome::Accepted {
                perimeter: examined.perimeter.cloned().unwrap_or_default(),
                sirens: sirens_with_lovac(consultation, now).into_iter().map(str::to_owned).collect(),
            })
        });
        Decision { outcome: checked.unwrap_or_else(CreationOutcome::Refused), trail }
    }
}

/// C11 to C19.
fn check_rights<'a>(
    retained: Option<Examined<'a>>,
    establishment: &Establishment,
    trail: &mut Trail,
) -> Result<Examined<'a>, CreationRefusal> {
    let Some(examined) = retained else {
        trail.record_answer("C11", false, wording::no_structure(establishment));
        return Err(refuse(trail, "C12", "Structure inconnue", CreationRefusal::StructureUnknown));
    };
    trail.record_answer("C11", true, wording::structure(&examined));
    let passes = examined.passes(Cause::StructureExpired);
    trail.record_answer("C13", passes, wording::access(&examined));
    if !passes {
        return Err(refuse(trail, "C14", "Pas de commitment LOVAC", CreationRefusal::NoCommitment));
    }
    trail.record("C15", wording::group(&examined));
    let passes = examined.passes(Cause::AccessLevel);
    trail.record_answer("C16", passes, wording::level(&examined));
    if !passes {
        return Err(refuse(trail, "C17", "niveau_acces_invalide", CreationRefusal::AccessLevel));
    }
    let passes = examined.passes(Cause::Perimeter);
    trail.record_answer("C18", passes, wording::perimeter(&examined));
    if !passes {
        return Err(refuse(trail, "C19", "perimetre_invalide", CreationRefusal::Perimeter));
    }
    Ok(examined)
}

fn refuse(trail: &mut Trail, node: &str, text: &str, refusal: CreationRefusal) -> CreationRefusal {
    trail.record(node, text);
    refusal
}
