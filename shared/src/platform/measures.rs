//! What is measured: every metric of the namespace `Passerelle/<stage>`, named here and nowhere else.
//!
//! Counting costs an atomic addition where nothing gathers (the local stack, tests). The alarms of
//! `infra/alarms.yaml` and the runbooks of `docs/runbooks/` use these names.

use std::time::Duration;

use chrono::TimeDelta;

use domain::webhooks::outcome::{DeliveryOutcome, ErrorClass};

macro_rules! counts {
    ($($(#[doc = $doc:literal])* $name:ident,)+) => {
        /// Something that happens and is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Count {
            $($(#[doc = $doc])* $name,)+
        }

        impl Count {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The metric's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

counts! {
    /// Changes of projects committed with their event.
    ChangesAccepted,
    /// Webhooks that their receiver took.
    DeliveriesSucceeded,
    /// Webhooks disabled because their receiver failed for days, or said so.
    WebhooksDisabled,
    /// Breakers that opened: a receiver failed five times in a row.
    BreakersOpened,
    /// Messages nothing can be done for.
    DeadMessages,
    /// People Portail DF was asked about.
    PortailDfCalls,
    /// Of these, those it did not answer for.
    PortailDfFailures,
    /// Requests with a key, or a person's token, that is none.
    KeysRefused,
    /// Requests beyond their caller's fair share.
    RequestsThrottled,
    /// Requests that failed because Portail DF or the Dataspace did: there are alarms on both.
    RequestsFailedElsewhere,
    /// Requests to erase a person that were carried out.
    PeopleErased,
    /// People suspended at their sign-in.
    PeopleSuspended,
    /// Attempts refused: wrong passwords and codes, unknown accounts, creations without right.
    SignInsRefused,
    /// Attempts not examined, for there were too many.
    SignInsThrottled,
    /// Roles changed by an operator.
    RolesChanged,
    /// Accounts nobody uses, whose deletion was announced.
    DeletionsAnnounced,
    /// Of these, those erased after their notice.
    UnusedAccountsErased,
    /// Accounts of administrators nobody uses, told to operators.
    UnusedAdministrators,
    /// People the Dataspace was asked about.
    DataspaceCalls,
    /// Of these, those it did not answer for, or not as agreed.
    DataspaceFailures,
    /// Users of La Coop followed.
    UsersSynced,
    /// Emplois swept.
    EmploisRemoved,
    /// Nightly runs begun.
    SyncRunsStarted,
    /// Nightly runs all users of which were tried.
    SyncRunsCompleted,
    /// Nightly runs held back by the guard.
    SyncRunsPaused,
    /// Users given up for a night.
    SyncsGivenUp,
    /// Contacts Brevo was told of.
    ContactsTold,
    /// Calls to Brevo that failed.
    ContactsFailed,
    /// Contacts given up, and each failure after that to take somebody who was erased off the list.
    ContactsGivenUp,
    /// Users erased long after La Coop deleted them.
    DeletedUsersErased,
}

/// The metric of failed deliveries, by error class in the dimension `Class`.
pub const DELIVERIES_FAILED: &str = "DeliveriesFailed";
/// The metric of the time from a change accepted to its webhook received, in milliseconds.
pub const ACCEPT_TO_RECEIVE: &str = "AcceptToReceive";
/// The metric of the age of the oldest event not sent yet, in seconds.
pub const OLDEST_PENDING: &str = "OldestPendingSeconds";
/// The metric of breakers that are open.
pub const BREAKERS_OPEN: &str = "BreakersOpen";

impl Count {
    /// It happened.
    pub fn one(self) {
        self.add(1);
    }

    /// It happened so many times.
    pub fn add(self, times: u64) {
        metrics::counter!(self.name()).increment(times);
    }
}

/// A webhook was posted, so long after its change was accepted.
pub fn attempted(outcome: &DeliveryOutcome, since_accepted: TimeDelta) {
    if let Some(class) = failure(outcome) {
        metrics::counter!(DELIVERIES_FAILED, "Class" => class).increment(1);
        return;
    }
    Count::DeliveriesSucceeded.one();
    let elapsed = since_accepted.to_std().unwrap_or(Duration::ZERO);
    metrics::histogram!(ACCEPT_TO_RECEIVE).record(elapsed.as_secs_f64() * 1_000.0);
}

/// The class of a failed delivery: that of its error, or of the status its receiver answered.
fn failure(outcome: &DeliveryOutcome) -> Option<&'static str> {
    match outcome.status() {
        _ if outcome.is_success() => None,
        Some(410) => Some("http-410"),
        Some(429) => Some("http-429"),
        Some(300..400) => Some("http-3xx"),
        Some(400..500) => Some("http-4xx"),
        Some(_) => Some("http-5xx"),
        None => outcome.error_class().map(ErrorClass::as_str),
    }
}

/// How the outbox stands: age of the oldest event not sent, breakers open.
pub fn outbox(oldest_pending: TimeDelta, breakers_open: usize) {
    let oldest = oldest_pending.to_std().unwrap_or(Duration::ZERO);
    metrics::gauge!(OLDEST_PENDING).set(oldest.as_secs_f64());
    metrics::gauge!(BREAKERS_OPEN).set(breakers_open as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_other_than_2xx_is_a_failure_of_its_class() {
        let answered = |status| failure(&DeliveryOutcome::Answered { status, retry_after: None });
        assert_eq!([200, 204].map(answered), [None, None]);
        assert_eq!(
            [301, 404, 410, 429, 500, 503].map(answered).map(Option::unwrap),
            ["http-3xx", "http-4xx", "http-410", "http-429", "http-5xx", "http-5xx"]
        );
        assert_eq!(failure(&DeliveryOutcome::Failed(ErrorClass::Timeout)), Some("timeout"));
    }
}
