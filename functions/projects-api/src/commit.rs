//! Carrying a decision out: state, history, rights and event in one conditional transaction, then the event on its
//! way to the queue.

use chrono::{DateTime, TimeDelta, Utc};
use domain::communs::event::{Event, EventId};
use domain::communs::permission::{Grant, Level};
use domain::communs::project::{Change, Outcome, Porteur, Project, ProjectId};
use passerelle::identity::person_hash::Person;
use passerelle::platform::measures::Count;
use passerelle::platform::queue::DeliveryTask;
use passerelle::store::communs::events::Recipient;
use passerelle::store::communs::grants::Held;
use passerelle::store::transaction::Transaction;

use crate::access::Found;
use crate::app::App;
use crate::caller::ServiceCaller;
use passerelle::web::error::ApiError;

/// How old an event's instant may be when its commit begins: the reads in between may have been slow. The commit takes
/// at most the store's operation timeout; together they stay below the feed's lag, so that the feed has no gap.
const STAMP_GOOD_FOR: TimeDelta = TimeDelta::milliseconds(500);

/// An event added to a transaction, and whom to tell of it once it is committed.
pub(crate) struct Outgoing {
    event: EventId,
    recipients: Vec<Recipient>,
}

impl App {
    /// Stores a new project with everything that comes with it. `extra` may add writes of the request's own.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_creation(
        &self,
        caller: &ServiceCaller,
        change: &Change,
        extra: impl FnOnce(&mut Transaction) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut transaction = Transaction::default();
        self.store.create_project(&mut transaction, &change.project)?;
        let creator = caller.user.as_ref().map(|user| &user.person);
        self.add_rights(&mut transaction, change.project.id, creator, None, change.project.porteur.as_ref()).await?;
        extra(&mut transaction)?;
        self.commit_change(transaction, caller, change).await
    }

    /// Stores what was decided of a project read as `found`, if anything.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_outcome(
        &self,
        caller: &ServiceCaller,
        found: &Found,
        outcome: Outcome,
        extra: impl FnOnce(&mut Transaction) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut transaction = Transaction::default();
        extra(&mut transaction)?;
        match outcome {
            Outcome::Unchanged if transaction.is_empty() => Ok(()),
            Outcome::Unchanged => Ok(self.store.commit(transaction).await?),
            Outcome::Silent(next) => {
                self.store.update_project(&mut transaction, &found.project, &next, found.revision)?;
                Ok(self.store.commit(transaction).await?)
            }
            Outcome::Changed(change) => {
                let (before, after) = (&found.project, &change.project);
                self.store.update_project(&mut transaction, before, after, found.revision)?;
                let porteurs = (before.porteur.as_ref(), after.porteur.as_ref());
                self.add_rights(&mut transaction, after.id, None, porteurs.0, porteurs.1).await?;
                self.commit_change(transaction, caller, &change).await
            }
        }
    }

    /// Stores a new version, given the writes that come with it: history and event are added, the others told.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_change(
        &self,
        mut transaction: Transaction,
        caller: &ServiceCaller,
        change: &Change,
    ) -> Result<(), ApiError> {
        let event = Event::of_change(self.event_id(change.project.updated_at), &caller.service, change);
        self.store.add_history(&mut transaction, &event, caller.user.is_some())?;
        self.commit_event(transaction, &event).await
    }

    /// Buries a project read as `found`: a tombstone stays, the others are told.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_deletion(&self, caller: &ServiceCaller, found: &Found) -> Result<(), ApiError> {
        let project = &found.project;
        let at = project.instant_of_change(self.clock.now());
        let mut transaction = Transaction::default();
        self.store.bury_project(&mut transaction, project, found.revision, at)?;
        self.add_rights(&mut transaction, project.id, None, project.porteur.as_ref(), None).await?;
        let event = Event::of_deletion(self.event_id(at), &caller.service, project, at);
        self.store.add_history(&mut transaction, &event, caller.user.is_some())?;
        self.commit_event(transaction, &event).await
    }

    /// Changes a person's explicit right on a project; nothing is stored or told when it is so already.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_grant(
        &self,
        caller: &ServiceCaller,
        project: &Project,
        person: &Person,
        level: Option<Level>,
    ) -> Result<(), ApiError> {
        let held = self.store.grant(person, project.id).await?;
        let before = held.grant();
        if before.explicit == level {
            return Ok(());
        }
        let now = self.clock.now();
        let mut transaction = Transaction::default();
        let wanted = Grant { explicit: level, ..before };
        self.store.set_grant(&mut transaction, person, project.id, &held, wanted, now)?;
        let event = Event::of_permission(self.event_id(now), &caller.service, project.id, level, now);
        self.commit_event(transaction, &event).await
    }

    /// Commits a transaction with its event, and sends the event on its way.
    ///
    /// # Errors
    /// [`ApiError::Race`] when somebody was faster.
    pub(crate) async fn commit_event(&self, mut transaction: Transaction, event: &Event) -> Result<(), ApiError> {
        let outgoing = self.add_event(&mut transaction, event).await?;
        if self.clock.now() - event.at > STAMP_GOOD_FOR {
            return Err(ApiError::Race);
        }
        self.store.commit(transaction).await?;
        Count::ChangesAccepted.one();
        tracing::info!(event = %event.id, project = %event.project, "accepted");
        self.send(outgoing).await;
        Ok(())
    }

    /// A new event's id: ids sort in order of commit.
    pub(crate) fn event_id(&self, at: DateTime<Utc>) -> EventId {
        self.ids.next(at).into()
    }

    /// Adds an event for every webhook that wants it at this moment, a disabled one included: its delivery is held.
    async fn add_event(&self, transaction: &mut Transaction, event: &Event) -> Result<Outgoing, ApiError> {
        let webhooks = self.store.webhooks(None).await?;
        let wanting = webhooks.into_iter().filter(|webhook| webhook.wants(event));
        let recipients: Vec<_> =
            wanting.map(|webhook| Recipient { service: webhook.service.clone(), webhook: webhook.id }).collect();
        self.store.add_event(transaction, event, &recipients)?;
        Ok(Outgoing { event: event.id.clone(), recipients })
    }

    /// Sends a committed event on its way. A failure is no failure of the request: the event is pending, and the
    /// sweeper sends it.
    async fn send(&self, outgoing: Outgoing) {
        if outgoing.recipients.is_empty() {
            return;
        }
        let task = |to: Recipient| DeliveryTask::first_attempt(&outgoing.event, to.service, to.webhook);
        let tasks: Vec<DeliveryTask> = outgoing.recipients.into_iter().map(task).collect();
        if let Err(error) = self.deliveries.send(&tasks, 0).await {
            tracing::warn!(event = %outgoing.event, error = %error, "event not sent: left to the sweeper");
        } else if let Err(error) = self.store.mark_sent(&outgoing.event).await {
            tracing::warn!(event = %outgoing.event, error = %error, "event sent but not marked: it will be sent again");
        }
    }

    /// Adds the rights that come with a write: WRITE of the creator, and of the porteur while it is the porteur.
    async fn add_rights(
        &self,
        transaction: &mut Transaction,
        project: ProjectId,
        creator: Option<&Person>,
        porteur_before: Option<&Porteur>,
        porteur_after: Option<&Porteur>,
    ) -> Result<(), ApiError> {
        let (before, after) = (self.porteur(porteur_before), self.porteur(porteur_after));
        let mut people: Vec<&Person> = Vec::new();
        // The porteur that stays the same, typed in another way maybe, keeps its right.
        let changing = [&before, &after].into_iter().flatten().filter(|_| before != after);
        for candidate in creator.into_iter().chain(changing) {
            if !people.contains(&candidate) {
                people.push(candidate);
            }
        }
        for person in people {
            let held: Held = self.store.grant(person, project).await?;
            let mut wanted = held.grant();
            if creator == Some(person) {
                wanted.explicit = Some(Level::Write);
            }
            if before != after {
                wanted = wanted.with_porteur(after.as_ref() == Some(person));
            }
            self.store.set_grant(transaction, person, project, &held, wanted, self.clock.now())?;
        }
        Ok(())
    }
}
