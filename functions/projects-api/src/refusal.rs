//! The refusal of a project's values.

use domain::api_key::Service;
use domain::communs::content::Invalid;
use domain::communs::statut;
use passerelle::web::problem::{Code, Problem};

/// The refusal of a body's values, as the caller `service` is to see it.
pub(crate) fn invalid(invalid: Invalid, service: &Service) -> Problem {
    match invalid {
        Invalid::Values(faults) => Problem::new(Code::ValidationFailed).errors(&faults),
        Invalid::StatutUnknown(fault) => {
            let accepted: Vec<&str> = statut::accepted(service).iter().map(|label| label.native.as_str()).collect();
            Problem::new(Code::StatutUnknown).errors(&[fault]).member("accepted", accepted)
        }
    }
}
