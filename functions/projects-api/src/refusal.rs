//! The refusal of a project's values.

use domain::api_key::Service;
use domain::communs::judge::Invalid;
use domain::communs::statut;
use passerelle::web::problem::{Code, Problem};

/// The problem of a body's values, as the caller `service` is to see it.
pub(crate) fn problem_of(invalid: Invalid, service: &Service) -> Problem {
    match invalid {
        Invalid::Values(faults) => faults.into(),
        Invalid::StatutUnknown(fault) => {
            let accepted: Vec<&str> = statut::accepted(service).iter().map(|label| label.native.as_str()).collect();
            Problem::new(Code::StatutUnknown).errors(&[fault]).member("accepted", accepted)
        }
    }
}
