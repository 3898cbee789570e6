//! What invokes the function but for HTTP: messages of its queues, and its schedules.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use passerelle::platform::batch::{self, Concurrency, Failures, Message};
use passerelle::platform::lambda::{self, Invocation, UnknownJob};
use passerelle::store::error::StoreError;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::jobs::{Job, SyncJob};
use crate::lister::RunError;

/// One user is fetched while another is written.
const FETCH_AND_WRITE: Concurrency = Concurrency::AtMost(2);

/// Why time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheduled {
    /// The run of the night is to be begun, unless it was.
    NightlySync,
    /// A person wants all users followed now, whatever the night did.
    SyncAll,
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
    #[error("the users could not be listed")]
    Listing(#[from] RunError),
    /// Contacts could not be listed.
    #[error("the pending contacts could not be listed")]
    Contacts(#[source] StoreError),
    /// Deleted users could not be listed.
    #[error("the deleted users could not be listed")]
    Deleted(#[source] StoreError),
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
            Some("sync-all") => Ok(Self::SyncAll),
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
            Scheduled::NightlySync => Ok(usize::from(self.runs.start_nightly().await?)),
            Scheduled::SyncAll => {
                self.runs.start().await?;
                Ok(1)
            }
            Scheduled::Sweep => {
                let listings = self.runs.sweep().await?;
                let contacts = self.outbox.sweep().await.map_err(ScheduleError::Contacts)?;
                let erased = self.users.erase_long_deleted().await.map_err(ScheduleError::Deleted)?;
                Ok(listings + contacts + erased)
            }
        }
    }

    /// Does the jobs of a batch and names the messages that must come again.
    pub async fn handle(&self, event: SqsEvent, invocation: Invocation) -> SqsBatchResponse {
        let (mut contacts, mut listings) = (Vec::new(), Vec::new());
        let mut syncs: BTreeMap<Uuid, Vec<Message<SyncJob>>> = BTreeMap::new();
        for message in batch::read(event, |body| serde_json::from_str(body).ok()) {
            match message.body {
                Job::Sync(job) => syncs.entry(job.run).or_default().push(message.with(job)),
                Job::List { run } => listings.push(message.with(run)),
                Job::Contact(job) => contacts.push(message.with(job)),
            }
        }
        // One after the other: the rate of calls to Brevo rests on it.
        let mut failures = invocation.handle_each(contacts, Concurrency::Sequential, |job| self.outbox.tell(job)).await;
        let list = async |run| self.runs.resume_listing(run).await.map(drop);
        failures.extend(invocation.handle_each(listings, Concurrency::Sequential, list).await);
        for (run, users) in syncs {
            failures.extend(self.sync_users(run, users, &invocation).await);
        }
        failures.into()
    }

    async fn sync_users(&self, run: Uuid, users: Vec<Message<SyncJob>>, invocation: &Invocation) -> Failures {
        let ids: Vec<Uuid> = users.iter().map(|message| message.body.user).collect();
        match self.worker.read_batch(run, &ids).await {
            Ok(batch) => invocation.handle_each(users, FETCH_AND_WRITE, |job| self.worker.handle(job, &batch)).await,
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
        assert_eq!(Scheduled::of(&json!({"job": "sync-all"})), Ok(Scheduled::SyncAll));
        assert_eq!(Scheduled::of(&json!({"detail-type": "Scheduled Event"})), Ok(Scheduled::Sweep));
        assert_eq!(Scheduled::of(&Value::Null), Ok(Scheduled::Sweep));
        for job in [json!("nightly_sync"), json!("Nightly-sync"), json!("sync_all"), json!(""), json!(null), json!(7)] {
            assert!(Scheduled::of(&json!({"job": job})).is_err(), "{job}");
        }
    }
}
