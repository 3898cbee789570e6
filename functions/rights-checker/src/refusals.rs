//! The problems by which refused decisions are answered.

use domain::droits::creation::CreationRefusal;
use domain::droits::sign_in::SignInRefusal;
use domain::droits::trail::Trail;
use passerelle::web::problem::{Code, Problem};
use serde_json::json;

/// When to come back after Portail DF could not be asked, in seconds.
const COME_BACK: u64 = 60;

/// The code of a refused sign-in or change of establishment.
pub(crate) const fn sign_in_code(refusal: SignInRefusal) -> Code {
    match refusal {
        SignInRefusal::UserMissing => Code::UserMissing,
        SignInRefusal::UserDeleted => Code::UserDeleted,
        SignInRefusal::Password => Code::AuthenticationFailed,
        SignInRefusal::EstablishmentMissing => Code::EstablishmentMissing,
        SignInRefusal::NotMember => Code::EstablishmentNotAllowed,
        SignInRefusal::StructureUnknown => Code::StructureUnknown,
    }
}

/// The code of a refused creation.
pub(crate) const fn creation_code(refusal: CreationRefusal) -> Code {
    match refusal {
        CreationRefusal::TestAccount => Code::TestAccount,
        CreationRefusal::ProspectMissing => Code::ProspectMissing,
        CreationRefusal::EstablishmentMissing => Code::EstablishmentMissing,
        CreationRefusal::EmailUsed => Code::EmailAlreadyUsed,
        CreationRefusal::ProspectIncomplete
        | CreationRefusal::StructureUnknown
        | CreationRefusal::NoCommitment
        | CreationRefusal::AccessLevel
        | CreationRefusal::Perimeter => Code::ProspectInvalid,
    }
}

/// A refused sign-in or change; one for want of a structure shows its trail, and `structure_unknown` as its detail.
pub(crate) fn sign_in_problem(refusal: SignInRefusal, trail: &Trail, structure_unknown: &str) -> Problem {
    let problem = Problem::new(sign_in_code(refusal));
    match refusal {
        SignInRefusal::StructureUnknown => problem.detail(structure_unknown).member("trail", json!(trail)),
        _ => problem,
    }
}

/// A refused creation, with its reason and its trail where Portail DF lacks something.
pub(crate) fn creation_problem(refusal: CreationRefusal, trail: &Trail) -> Problem {
    let problem = Problem::new(creation_code(refusal));
    match refusal.reason() {
        Some(reason) => problem.member("reason", reason).member("trail", json!(trail)),
        None => problem,
    }
}

/// Portail DF could not be asked.
pub(crate) fn portail_df_unavailable(trail: &Trail) -> Problem {
    Problem::new(Code::PortailDfUnavailable).member("trail", json!(trail)).retry_after(COME_BACK)
}
