//! What an operation of the communs can refuse, beside what all APIs have in common.

pub(crate) use passerelle::web::openapi::refusals::{Body, Existing, Query, Refused};

passerelle::examinations! {
    /// Key, scope, user header; and what can happen to anybody.
    Caller: Unauthenticated, ScopeRefused, UserEmailInvalid, Internal, Unavailable;
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
    /// `Idempotency-Key`.
    Idempotency: IdempotencyKeyReused;
    /// A service's own id for a project.
    ExternalId: ExternalIdConflict;
    /// The address of a webhook.
    Address: WebhookUrlRefused;
    /// The number of webhooks.
    Room: WebhookLimitReached;
    /// The webhook is active.
    Active: WebhookDisabled;
}
