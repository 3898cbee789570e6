//! What invokes the function but for HTTP: messages of its queues, and its schedules.

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join_all;
use passerelle::platform::measures::Count;
use passerelle::store::error::StoreError;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::contacts::ContactError;
use crate::jobs::{Job, SyncTurn};
use crate::lister::RunError;

/// Why time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduled {
    /// All users are to be followed.
    NightlySync,
    /// Whatever was left behind is to be taken up.
    Sweep,
}

/// Why a schedule failed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Users could not be listed.
    #[error("les utilisateurs n'ont pas pu être parcourus")]
    Listing(#[from] RunError),
    /// Contacts could not be listed.
    #[error("les contacts en attente n'ont pas pu être parcourus")]
    Contacts(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Contact(#[from] ContactError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Scheduled {
    /// What a schedule's event asks for, by its `job`.
    #[must_use]
    pub fn of(event: &Value) -> Self {
        if event["job"] == "nightly-sync" { Self::NightlySync } else { Self::Sweep }
    }
}

impl App {
    /// Does what a schedule asks for, and answers how many things it found to do.
    ///
    /// # Errors
    /// When users or contacts cannot be listed.
    pub async fn scheduled(&self, job: Scheduled) -> Result<usize, ScheduleError> {
        match job {
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
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let mut turns: BTreeMap<Uuid, Vec<(SqsMessage, SyncTurn)>> = BTreeMap::new();
        let mut failed = Vec::new();
        for message in event.records {
            match message.body.as_deref().and_then(|body| serde_json::from_str(body).ok()) {
                Some(Job::Sync(turn)) => turns.entry(turn.run).or_default().push((message, turn)),
                Some(Job::List { run }) => failed.extend(done(&message, self.take_listing(run).await.map(drop))),
                // One after the other: each holds its place.
                Some(Job::Contact(turn)) => failed.extend(done(&message, self.tell(turn).await)),
                None => {
                    Count::DeadMessages.one();
                    tracing::error!("unreadable message dropped");
                }
            }
        }
        for (run, turns) in turns {
            failed.extend(self.handle_run(run, turns).await);
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed;
        response
    }

    async fn handle_run(&self, run: Uuid, turns: Vec<(SqsMessage, SyncTurn)>) -> Vec<BatchItemFailure> {
        let users: Vec<Uuid> = turns.iter().map(|(_, turn)| turn.user).collect();
        let round = match self.round(run, &users).await {
            Ok(round) => round,
            Err(error) => {
                tracing::warn!(%run, %error, "run not read");
                return turns.iter().filter_map(|(message, _)| failure(message)).collect();
            }
        };
        let taken = turns.iter().map(async |(message, turn)| done(message, self.take_turn(*turn, &round).await));
        join_all(taken).await.into_iter().flatten().collect()
    }
}

/// Names a message whose job failed.
fn done<E: Into<JobError>>(message: &SqsMessage, outcome: Result<(), E>) -> Option<BatchItemFailure> {
    let error: JobError = outcome.err()?.into();
    tracing::warn!(%error, "a message comes again");
    failure(message)
}

fn failure(message: &SqsMessage) -> Option<BatchItemFailure> {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = message.message_id.clone()?;
    Some(failure)
}
