//! The audit log: each decision that took effect, without e-mails and without secrets.

use domain::droits::diagram::Flow;
use domain::droits::trail::Trail;
use uuid::Uuid;

/// A decision that was carried out: what it was about and what came of it.
pub(crate) struct Entry<'a> {
    pub(crate) flow: Flow,
    pub(crate) outcome: &'a str,
    pub(crate) user: Option<Uuid>,
    pub(crate) establishment: Option<Uuid>,
}

/// Writes a decision down. Called once it took effect: after the commit, where there is one.
pub(crate) fn record(entry: &Entry<'_>, trail: &Trail) {
    let id = |id: Option<Uuid>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    tracing::info!(
        target: "audit",
        flow = entry.flow.as_str(),
        outcome = entry.outcome,
        user = id(entry.user),
        establishment = id(entry.establishment),
        nodes = trail.names(),
        "decided"
    );
}

/// Something done to an account, beside the three decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    PasswordReset,
    PasswordChange,
    SignOutEverywhere,
    RoleChanged,
    Suspended,
    SuspensionEnded,
    EmailChanged,
    Deleted,
    DeletionAnnounced,
    Erased,
}

impl Deed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password reset",
            Self::PasswordChange => "password changed",
            Self::SignOutEverywhere => "signed out everywhere",
            Self::RoleChanged => "role changed",
            Self::Suspended => "suspended",
            Self::SuspensionEnded => "suspension ended",
            Self::EmailChanged => "e-mail changed",
            Self::Deleted => "deleted",
            Self::DeletionAnnounced => "deletion announced",
            Self::Erased => "erased",
        }
    }
}

/// Writes a deed down, after its commit; `by`: the person themselves, the service whose key was used, or the retention.
pub(crate) fn record_deed(deed: Deed, user: Uuid, by: &str) {
    tracing::info!(target: "audit", deed = deed.as_str(), user = %user, by, "done");
}
