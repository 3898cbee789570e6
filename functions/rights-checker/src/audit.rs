//! The audit log: each decision, without e-mails and without secrets.

use domain::droits::trail::Trail;
use uuid::Uuid;

/// Writes a decision down.
pub(crate) fn decided(flow: &str, outcome: &str, user: Option<Uuid>, establishment: Option<Uuid>, trail: &Trail) {
    let id = |id: Option<Uuid>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    tracing::info!(
        target: "audit",
        flow,
        outcome,
        user = id(user),
        establishment = id(establishment),
        nodes = trail.names(),
        "decided"
    );
}
