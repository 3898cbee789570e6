//! What an operation of coop can refuse, beside what all APIs have in common.

pub(crate) use passerelle::web::openapi::refusals::{Body, Query, Refused};

passerelle::examinations! {
    /// A key, and what it allows.
    Caller: Unauthenticated, PermissionRefused, Internal, Unavailable;
    /// A user of the path.
    User: NotFound, UserNotFound;
    /// A user of the path who is not deleted.
    LivingUser: NotFound, UserNotFound, UserDeleted;
    /// Whether an e-mail is another user's.
    Email: EmailAlreadyUsed;
    /// A run of the path.
    SyncRun: NotFound, SyncRunNotFound;
    /// Whether a run waits for somebody's look.
    Paused: SyncRunNotPaused;
    /// The Dataspace, and what it makes of a user.
    Dataspace: SyncTooLarge, DataspaceUnavailable, DataspaceInvalidAnswer;
}
