//! Change of establishment: nodes M1 to M10. A refused change alters nothing.
//!
//! Source: docs/spec/droits.md#change-of-establishment

use chrono::{DateTime, Utc};

use super::account::{Establishment, Role, User};
use super::connection::{Refusal, Rights, checked};
use super::creation::{entries, named, no_structure, structure};
use super::portail_df::Consultation;
use super::suspension::Cause;
use super::trail::Trail;

/// What is known when a change is decided.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who changes.
    pub user: &'a User,
    /// The establishment changed to, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// Whether the user is a member of it.
    pub member: bool,
    /// What Portail DF says; `None` while it was not asked.
    pub consultation: Option<&'a Consultation>,
}

/// What a change comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything before Portail DF passes: ask it, and decide again.
    AskPortailDf,
    /// Portail DF could not be asked.
    Unavailable,
    /// Refused.
    Refused(Refusal),
    /// Changed (M10).
    Accepted(Rights),
}

/// Decides a change of establishment.
#[must_use]
pub fn decide(facts: &Facts<'_>, now: DateTime<Utc>) -> (Outcome, Trail) {
    let mut trail = Trail::default();
    let outcome = walk(facts, now, &mut trail).unwrap_or_else(Outcome::Refused);
    (outcome, trail)
}

fn walk(facts: &Facts<'_>, now: DateTime<Utc>, trail: &mut Trail) -> Result<Outcome, Refusal> {
    for (node, text) in [
        ("M1", "personne connectée"),
        ("M2", "ouverture de la liste des établissements"),
        ("M3", "établissements dont la personne est membre"),
    ] {
        trail.pass(node, text);
    }
    let establishment = facts.establishment.ok_or(Refusal::EstablishmentMissing)?;
    trail.pass("M4", named(establishment));
    trail.pass("M5", "demande de changement");
    let admin = facts.user.role == Role::Admin;
    if !facts.member && !admin {
        return Err(Refusal::NotMember);
    }
    if admin {
        trail.pass("M6", "pas de vérification pour un administrateur");
        trail.pass("M10", "nouveau jeton");
        return Ok(Outcome::Accepted(Rights::Administrator));
    }
    let Some(consultation) = facts.consultation else { return Ok(Outcome::AskPortailDf) };
    let Ok(retained) = consultation.retained(establishment, &Cause::ALL, now) else {
        trail.pass("M6", "Portail DF n'a pas pu être interrogé");
        return Ok(Outcome::Unavailable);
    };
    trail.pass("M6", entries(consultation));
    let Some(examined) = retained else {
        trail.ask("M7", false, no_structure(establishment));
        trail.pass("M8", "Structure inconnue");
        return Err(Refusal::StructureUnknown);
    };
    trail.ask("M7", true, structure(&examined));
    let failing: Vec<&str> = examined.failing.iter().map(|cause| cause.as_str()).collect();
    trail.pass(
        "M9",
        if failing.is_empty() { "toutes les vérifications passent".to_owned() } else { failing.join(", ") },
    );
    trail.pass("M10", "nouveau jeton");
    Ok(Outcome::Accepted(checked(&examined, facts.user, now)))
}
