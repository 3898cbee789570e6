//! What invokes the function but for HTTP: messages of its queues, and its schedules.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use passerelle::platform::batch::{self, Concurrency, Failures, Message};
use passerelle::platform::lambda::{self, Invocation, UnknownJob};
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::jobs::{Job, SyncTurn};
use crate::lister::RunError;

/// One user is fetched while another is written.
const FETCH_AND_WRITE: Concurrency = Concurrency::AtMost(2);

/// Why time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduled {
    /// All users are to be followed.
    NightlySync,
    /// Whatever was left behind is to be taken up.
    Sweep,
}

/// Why a schedule failed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The event names no job of this function.
    #[error(transparent)]
    Job(#[from] UnknownJob),
    /// Users could not be listed.
    #[error("les utilisateurs n'ont pas pu être parcourus")]
    Listing(#[from] RunError),
    /// Contacts could not be listed.
    #[error("les contacts en attente n'ont pas pu être parcourus")]
    Contacts(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Scheduled {
    /// What a schedule's event asks for, by its `job`; EventBridge's own event, which names none, is the sweep's.
    ///
    /// # Errors
    /// When it names a job the function does not know.
    fn of(event: &Value) -> Result<Self, UnknownJob> {
        match lambda::job(event)? {
            None => Ok(Self::Sweep),
            Some("nightly-sync") => Ok(Self::NightlySync),
            Some(other) => Err(UnknownJob::named(other)),
        }
    }
}

impl App {
    /// Does what a schedule asks for, and answers how many things it found to do.
    ///
    /// # Errors
    /// When its event names no job of this function, and when users or contacts cannot be listed.
    pub async fn scheduled(&self, event: &Value) -> Result<usize, ScheduleError> {
        match Scheduled::of(event)? {
            Scheduled::NightlySync => {
                self.start_run().await?;
                Ok(1)
            }
            Scheduled::Sweep => {
                let listings = self.sweep_listings().await?;
                let contacts = self.sweep_contacts().await;
                Ok(listings + contacts.map_err(|error| ScheduleError::Contacts(error.into()))?)
            }
        }
    }

    /// Does the jobs of a batch and names the messages that must come again.
    pub async fn handle(&self, event: SqsEvent, invocation: Invocation) -> SqsBatchResponse {
        let (mut contacts, mut listings) = (Vec::new(), Vec::new());
        let mut syncs: BTreeMap<Uuid, Vec<Message<SyncTurn>>> = BTreeMap::new();
        for message in batch::read(event, |body| serde_json::from_str(body).ok()) {
            match message.body {
                Job::Sync(turn) => syncs.entry(turn.run).or_default().push(message.with(turn)),
                Job::List { run } => listings.push(message.with(run)),
                Job::Contact(turn) => contacts.push(message.with(turn)),
            }
        }
        // One after the other: the rate of calls to Brevo rests on it.
        let mut failures = invocation.handle_each(contacts, Concurrency::Sequential, |turn| self.tell(turn)).await;
        let list = async |run| self.take_listing(run).await.map(drop);
        failures.extend(invocation.handle_each(listings, Concurrency::Sequential, list).await);
        for (run, users) in syncs {
            failures.extend(self.sync_users(run, users, &invocation).await);
        }
        failures.into()
    }

    async fn sync_users(&self, run: Uuid, users: Vec<Message<SyncTurn>>, invocation: &Invocation) -> Failures {
        let ids: Vec<Uuid> = users.iter().map(|message| message.body.user).collect();
        match self.round(run, &ids).await {
            Ok(round) => invocation.handle_each(users, FETCH_AND_WRITE, |turn| self.take_turn(turn, &round)).await,
            Err(error) => {
                tracing::warn!(%run, %error, "run not read");
                Failures::all(&users)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_misspelt_job_is_an_error_and_no_sweep() {
        assert_eq!(Scheduled::of(&json!({"job": "nightly-sync"})), Ok(Scheduled::NightlySync));
        assert_eq!(Scheduled::of(&json!({"detail-type": "Scheduled Event"})), Ok(Scheduled::Sweep));
        assert_eq!(Scheduled::of(&Value::Null), Ok(Scheduled::Sweep));
        for job in [json!("nightly_sync"), json!("Nightly-sync"), json!(""), json!(null), json!(7)] {
            assert!(Scheduled::of(&json!({"job": job})).is_err(), "{job}");
        }
    }
}
