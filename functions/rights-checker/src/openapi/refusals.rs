//! What an operation of droits can refuse, beside what all APIs have in common.

pub(crate) use passerelle::web::openapi::refusals::{Body, Existing, Query, Refused};

passerelle::examinations! {
    /// Anybody may ask; parameters, and what can happen to anybody.
    Anyone: InvalidQuery, Internal, Unavailable;
    /// A person's token, parameters.
    Person: Unauthenticated, InvalidQuery, Internal, Unavailable;
    /// A person's token, of somebody who is not suspended, parameters.
    Seeing: Unauthenticated, UserSuspended, InvalidQuery, Internal, Unavailable;
    /// A service's key, parameters.
    Manager: Unauthenticated, ScopeRefused, PermissionRefused, InvalidQuery, Internal, Unavailable;
    /// Not too often.
    Throttled: TooManyAttempts;
    /// The link of a mailbox.
    Mailbox: MailboxNotProved;
    /// The password there is so far, not too often.
    CurrentPassword: AuthenticationFailed, TooManyAttempts;
    /// Nobody else has the e-mail.
    EmailFree: EmailAlreadyUsed;
    /// The tree of a creation.
    Creation: MailboxNotProved, TestAccount, ProspectMissing, ProspectInvalid, EstablishmentMissing, PortailDfUnavailable, EmailAlreadyUsed;
    /// The tree of a sign-in, its password and its limits.
    Connection:
        UserMissing, UserDeleted, AuthenticationFailed, EstablishmentMissing, EstablishmentNotAllowed, StructureUnknown,
        TooManyAttempts, TwoFactorLocked;
    /// The second factor, then the rest of the tree.
    SecondFactor: TwoFactorFailed, TwoFactorLocked, EstablishmentMissing, EstablishmentNotAllowed, StructureUnknown;
    /// The tree of a change.
    Change: EstablishmentMissing, EstablishmentNotAllowed, StructureUnknown, PortailDfUnavailable;
    /// The size of an export.
    Size: ExportTooLarge;
}
