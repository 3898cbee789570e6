//! Sign-in: nodes L1 to L29, and the examination of rights it shares with a change of establishment.
//!
//! Source: docs/spec/droits.md#sign-in

use chrono::{DateTime, Utc};

use super::account::{Establishment, Role, User};
use super::creation::{access, covered, entries, group, level, named, no_structure, structure};
use super::perimeter::Perimeter;
use super::portail_df::{Consultation, Examined};
use super::suspension::{self, Cause, Suspension};
use super::trail::Trail;

/// What is known when a sign-in is decided.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The user of the e-mail, if there is one.
    pub user: Option<&'a User>,
    /// Whether the password is right; `None` when there is none to look at (an explanation).
    pub password: Option<bool>,
    /// Whether a second factor is still to be asked of an administrator.
    pub second_factor_due: bool,
    /// The establishment signed in to, if it exists.
    pub establishment: Option<&'a Establishment>,
    /// Whether the user is a member of it.
    pub member: bool,
    /// What Portail DF says; `None` while it was not asked.
    pub consultation: Option<&'a Consultation>,
}

/// What a sign-in comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything before L16 passes: ask Portail DF, and decide again.
    AskPortailDf,
    /// L9: a code is to be sent to the administrator.
    TwoFactor,
    /// Refused; nothing is altered.
    Refused(Refusal),
    /// Signed in (L29).
    Accepted(Rights),
}

/// Why a sign-in is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
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

/// The rights found, and what is to be stored of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// L15: an administrator is not checked; nothing is stored.
    Administrator,
    /// L16: Portail DF could not be asked; what is stored stands.
    NotChecked,
    /// Portail DF answered.
    Checked {
        /// The suspension from now on.
        suspension: Option<Suspension>,
        /// All that fails, in the order of the tree.
        failing: Vec<Cause>,
        /// The perimeter to store; `None`: what is stored is removed.
        perimeter: Option<Perimeter>,
    },
}

impl Rights {
    /// The suspension from now on, of a user suspended so far by `stored`.
    #[must_use]
    pub fn suspension(&self, stored: Option<&Suspension>) -> Option<Suspension> {
        match self {
            Self::Administrator | Self::NotChecked => stored.cloned(),
            Self::Checked { suspension, .. } => suspension.clone(),
        }
    }

    /// All that fails; `None` when Portail DF was not asked.
    #[must_use]
    pub fn failing(&self) -> Option<&[Cause]> {
        match self {
            Self::Administrator | Self::NotChecked => None,
            Self::Checked { failing, .. } => Some(failing),
        }
    }

    /// Whether Portail DF answered; `None` for an administrator, of whom it is not asked.
    #[must_use]
    pub const fn checked(&self) -> Option<bool> {
        match self {
            Self::Administrator => None,
            Self::NotChecked => Some(false),
            Self::Checked { .. } => Some(true),
        }
    }
}

/// Decides a sign-in.
#[must_use]
pub fn decide(facts: &Facts<'_>, now: DateTime<Utc>) -> (Outcome, Trail) {
    let mut trail = Trail::default();
    let outcome = walk(facts, now, &mut trail).unwrap_or_else(Outcome::Refused);
    (outcome, trail)
}

fn walk(facts: &Facts<'_>, now: DateTime<Utc>, trail: &mut Trail) -> Result<Outcome, Refusal> {
    trail.pass("L1", "demande de connexion");
    let Some(user) = facts.user else {
        trail.ask("L2", false, "aucun compte pour cette adresse");
        return Err(refused(trail, "L3", "UserMissingError", Refusal::UserMissing));
    };
    trail.ask("L2", true, "le compte existe");
    if trail.ask(
        "L4",
        user.deleted_at.is_some(),
        if user.deleted_at.is_some() { "compte supprimé" } else { "compte actif" },
    ) {
        return Err(refused(trail, "L5", "UserDeletedError", Refusal::UserDeleted));
    }
    match facts.password {
        None => trail.pass("L6", "mot de passe non examiné"),
        Some(true) => drop(trail.ask("L6", true, "mot de passe juste")),
        Some(false) => {
            trail.ask("L6", false, "mot de passe faux");
            return Err(refused(trail, "L7", "AuthenticationFailedError", Refusal::Password));
        }
    }
    if trail.ask("L8", user.role == Role::Admin, role(user.role)) {
        trail.pass(
            "L9",
            if facts.second_factor_due { "second facteur demandé" } else { "second facteur satisfait ou désactivé" },
        );
        if facts.second_factor_due {
            return Ok(Outcome::TwoFactor);
        }
    }
    trail.pass("L10", "connexion à l'établissement");
    let establishment = member_of(facts.establishment, facts.member || user.role == Role::Admin, trail)?;
    trail.pass("L13", "vérification des droits Portail DF");
    if trail.ask("L14", user.role == Role::Admin, role(user.role)) {
        trail.pass("L15", "pas de vérification pour un administrateur");
        trail.pass("L29", "connexion réussie");
        return Ok(Outcome::Accepted(Rights::Administrator));
    }
    let Some(consultation) = facts.consultation else { return Ok(Outcome::AskPortailDf) };
    let Ok(retained) = consultation.retained(establishment, &Cause::ALL, now) else {
        trail.pass("L16", "Portail DF n'a pas pu être interrogé : les droits enregistrés sont gardés");
        return Ok(Outcome::Accepted(Rights::NotChecked));
    };
    trail.pass("L16", entries(consultation));
    let Some(examined) = retained else {
        trail.ask("L17", false, no_structure(establishment));
        return Err(refused(trail, "L18", "ForbiddenError", Refusal::StructureUnknown));
    };
    trail.ask("L17", true, structure(&examined));
    let rights = checked(&examined, user, now);
    checks(&examined, user, trail);
    trail.pass("L29", "connexion réussie");
    Ok(Outcome::Accepted(rights))
}

/// L11, then the membership, which has no node in the seed.
fn member_of<'a>(
    establishment: Option<&'a Establishment>,
    member: bool,
    trail: &mut Trail,
) -> Result<&'a Establishment, Refusal> {
    let Some(establishment) = establishment else {
        trail.ask("L11", false, "aucun établissement n'a cet identifiant");
        return Err(refused(trail, "L12", "EstablishmentMissingError", Refusal::EstablishmentMissing));
    };
    trail.ask("L11", true, named(establishment));
    if member { Ok(establishment) } else { Err(Refusal::NotMember) }
}

/// What is to be stored of the entry retained.
pub(super) fn checked(examined: &Examined<'_>, user: &User, now: DateTime<Utc>) -> Rights {
    Rights::Checked {
        suspension: suspension::next(user.suspension.as_ref(), &examined.failing, now),
        failing: examined.failing.clone(),
        perimeter: examined.perimeter.cloned(),
    }
}

/// L19 to L28: the path ends at the first check that fails.
fn checks(examined: &Examined<'_>, user: &User, trail: &mut Trail) {
    let passes = |cause: Cause| !examined.failing.contains(&cause);
    let suspended = |cause: Cause| format!("suspension : {}", cause.as_str());
    trail.pass("L19", covered(examined));
    if !trail.ask("L20", passes(Cause::StructureExpired), access(examined)) {
        return trail.pass("L21", suspended(Cause::StructureExpired));
    }
    trail.pass("L22", group(examined));
    if !trail.ask("L23", passes(Cause::AccessLevel), level(examined)) {
        return trail.pass("L24", suspended(Cause::AccessLevel));
    }
    if !trail.ask("L25", passes(Cause::Perimeter), covered(examined)) {
        return trail.pass("L26", suspended(Cause::Perimeter));
    }
    for (node, cause, sound, unsound) in [
        ("date_expiration", Cause::UserExpired, "compte Portail DF en cours", "compte Portail DF expiré"),
        ("cgu_valide", Cause::Conditions, "conditions d'utilisation validées", "conditions d'utilisation non validées"),
    ] {
        if !trail.ask(node, passes(cause), if passes(cause) { sound } else { unsound }) {
            return;
        }
    }
    let lifted = user.suspension.as_ref().is_some_and(|suspension| !suspension.is_manual());
    let state = match &user.suspension {
        None => "pas de suspension".to_owned(),
        Some(suspension) if suspension.is_manual() => "suspension posée par une personne : elle reste".to_owned(),
        Some(suspension) => suspended_for(suspension),
    };
    if trail.ask("L27", lifted, state) {
        trail.pass("L28", "suspension levée");
    }
}

fn suspended_for(suspension: &Suspension) -> String {
    format!("suspension pour « {} »", suspension.cause)
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Usual => "rôle USUAL",
        Role::Admin => "rôle ADMIN",
        Role::Visitor => "rôle VISITOR",
    }
}

fn refused(trail: &mut Trail, node: &str, text: &str, refusal: Refusal) -> Refusal {
    trail.pass(node, text);
    refusal
}
