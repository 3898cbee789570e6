//! What an operation of the communs can refuse, beside what all APIs have in common.

pub(crate) use passerelle::web::openapi::refusals::{Body, Existing, Query, Refused};

passerelle::examinations! {
    /// Key, scope, user header, parameters; and what can happen to anybody.
    Caller: Unauthenticated, ScopeRefused, UserEmailInvalid, InvalidQuery, Internal, Unavailable;
    /// Key, of any scope; and what can happen to anybody.
    Key: Unauthenticated, InvalidQuery, Internal, Unavailable;
    /// A user must be named.
    User: UserEmailRequired;
    /// The project of the path exists, and is not deleted.
    Project: NotFound, Gone;
    /// The right on a project.
    Right: PermissionRefused;
    /// `If-Match`.
    Match: VersionConflict;
    /// The label of a statut.
    Label: StatutUnknown;
    /// `Idempotency-Key` and what was answered under it, `If-Match`, `If-None-Match`.
    Replay: Gone, VersionConflict, IdempotencyKeyReused;
    /// A service's own id for a project.
    ExternalId: ExternalIdConflict;
    /// The address of a webhook.
    Address: WebhookUrlRefused;
    /// The number of webhooks.
    Room: WebhookLimitReached;
    /// The webhook is active.
    Active: WebhookDisabled;
}
