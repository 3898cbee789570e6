//! Creation of an account: nodes C1 to C20.
//!
//! Source: docs/spec/droits.md#account-creation

use chrono::{DateTime, Utc};

use super::account::{Establishment, Prospect};
use super::perimeter::Perimeter;
use super::portail_df::{Consultation, Examined};
use super::suspension::Cause;
use super::trail::Trail;

/// What is known when the decision is taken.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whether the e-mail is on the list of test accounts.
    pub test_account: bool,
    /// The request for an account, if there is one.
    pub prospect: Option<&'a Prospect>,
    /// The establishment asked for, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// What Portail DF says; `None` while it was not asked.
    pub consultation: Option<&'a Consultation>,
    /// Whether an account has the e-mail already.
    pub email_used: bool,
}

/// What a creation comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything before C10 passes: ask Portail DF, and decide again.
    AskPortailDf,
    /// Portail DF could not be asked.
    Unavailable,
    /// Refused.
    Refused(Refusal),
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
pub enum Refusal {
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

impl Refusal {
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

/// A creation looks at the structure, the level and the perimeter; not at the Portail DF user's own dates.
const SCOPE: [Cause; 3] = [Cause::StructureExpired, Cause::AccessLevel, Cause::Perimeter];

/// Decides a creation.
#[must_use]
pub fn decide(facts: &Facts<'_>, now: DateTime<Utc>) -> (Outcome, Trail) {
    let mut trail = Trail::default();
    let outcome = walk(facts, now, &mut trail).unwrap_or_else(Outcome::Refused);
    (outcome, trail)
}

fn walk(facts: &Facts<'_>, now: DateTime<Utc>, trail: &mut Trail) -> Result<Outcome, Refusal> {
    trail.pass("C1", "demande de création de compte");
    if trail.ask("C2", facts.test_account, listed(facts.test_account)) {
        return Err(refused(trail, "C3", "TestAccountError", Refusal::TestAccount));
    }
    let Some(prospect) = facts.prospect else {
        trail.ask("C4", false, "aucune demande de compte pour cette adresse");
        return Err(refused(trail, "C5", "ProspectMissingError", Refusal::ProspectMissing));
    };
    trail.ask("C4", true, "une demande de compte existe");
    let complete = prospect.has_account && prospect.has_commitment;
    let state =
        format!("hasAccount {}, hasCommitment {}", yes_no(prospect.has_account), yes_no(prospect.has_commitment));
    if !trail.ask("C6", complete, state) {
        return Err(refused(trail, "C7", "ProspectInvalidError", Refusal::ProspectIncomplete));
    }
    let Some(establishment) = facts.establishment else {
        trail.ask("C8", false, "aucun établissement n'a cet identifiant");
        return Err(refused(trail, "C9", "EstablishmentMissingError", Refusal::EstablishmentMissing));
    };
    trail.ask("C8", true, named(establishment));
    let Some(consultation) = facts.consultation else { return Ok(Outcome::AskPortailDf) };
    let Ok(retained) = consultation.retained(establishment, &SCOPE, now) else {
        trail.pass("C10", "Portail DF n'a pas pu être interrogé");
        return Ok(Outcome::Unavailable);
    };
    trail.pass("C10", entries(consultation));
    let Some(examined) = retained else {
        trail.ask("C11", false, no_structure(establishment));
        return Err(refused(trail, "C12", "Structure inconnue", Refusal::StructureUnknown));
    };
    trail.ask("C11", true, structure(&examined));
    let fails = |cause: Cause| examined.failing.contains(&cause);
    if !trail.ask("C13", !fails(Cause::StructureExpired), access(&examined)) {
        return Err(refused(trail, "C14", "Pas de commitment LOVAC", Refusal::NoCommitment));
    }
    trail.pass("C15", group(&examined));
    if !trail.ask("C16", !fails(Cause::AccessLevel), level(&examined)) {
        return Err(refused(trail, "C17", "niveau_acces_invalide", Refusal::AccessLevel));
    }
    if !trail.ask("C18", !fails(Cause::Perimeter), covered(&examined)) {
        return Err(refused(trail, "C19", "perimetre_invalide", Refusal::Perimeter));
    }
    if facts.email_used {
        return Err(refused(trail, "C20", "un compte existe déjà pour cette adresse", Refusal::EmailUsed));
    }
    trail.pass("C20", "compte créé");
    Ok(Outcome::Accepted {
        perimeter: examined.perimeter.cloned().unwrap_or_default(),
        sirens: consultation.sirens_with_lovac(now).into_iter().map(str::to_owned).collect(),
    })
}

fn refused(trail: &mut Trail, node: &str, text: &str, refusal: Refusal) -> Refusal {
    trail.pass(node, text);
    refusal
}

fn listed(test_account: bool) -> &'static str {
    if test_account { "adresse d'un compte de test" } else { "l'adresse n'est pas celle d'un compte de test" }
}

pub(super) fn yes_no(value: bool) -> &'static str {
    if value { "oui" } else { "non" }
}

pub(super) fn named(establishment: &Establishment) -> String {
    format!("établissement \"{}\", SIREN {}", establishment.name, establishment.siren)
}

pub(super) fn entries(consultation: &Consultation) -> String {
    match consultation.entries().map_or(0, <[_]>::len) {
        0 => "Portail DF ne connaît pas cette personne".to_owned(),
        1 => "Portail DF connaît cette personne sous une entrée".to_owned(),
        count => format!("Portail DF connaît cette personne sous {count} entrées"),
    }
}

pub(super) fn no_structure(establishment: &Establishment) -> String {
    format!("Aucune structure correspondant au SIREN {}", establishment.siren)
}

pub(super) fn structure(examined: &Examined<'_>) -> String {
    let structure = examined.structure;
    format!("structure {} \"{}\", SIREN {}", structure.id, structure.name, structure.siren)
}

pub(super) fn access(examined: &Examined<'_>) -> String {
    match examined.structure.acces_lovac {
        Some(until) => format!("accès LOVAC de la structure jusqu'au {}", crate::instant::text(until)),
        None => "la structure n'a pas d'accès LOVAC".to_owned(),
    }
}

pub(super) fn group(examined: &Examined<'_>) -> String {
    examined.group.map_or_else(|| "l'entrée n'a pas de groupe".to_owned(), |group| format!("groupe {}", group.id))
}

pub(super) fn level(examined: &Examined<'_>) -> String {
    match examined.group {
        Some(group) => {
            let level = group.niveau_acces.as_deref().unwrap_or("absent");
            format!("niveau d'accès {level}, lovac {}", yes_no(group.lovac))
        }
        None => "pas de groupe, donc pas d'accès".to_owned(),
    }
}

pub(super) fn covered(examined: &Examined<'_>) -> String {
    match examined.perimeter {
        Some(perimeter) if perimeter.fr_entiere => "périmètre : France entière".to_owned(),
        Some(perimeter) => format!(
            "périmètre : {} communes, {} départements, {} régions, {} EPCI",
            perimeter.geo_codes.len(),
            perimeter.departments.len(),
            perimeter.regions.len(),
            perimeter.epci.len()
        ),
        None => "pas de périmètre".to_owned(),
    }
}
