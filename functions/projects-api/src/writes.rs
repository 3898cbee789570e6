//! Carrying a decision out: state, history, rights and event in one conditional transaction, then the event on its
//! way to the queue.
//!
//! A decision becomes a [`Write`]; the caller may add writes of its own before it commits it.

use chrono::{DateTime, TimeDelta, Utc};
use domain::communs::event::{Event, EventId};
use domain::communs::permission::{Grant, Level};
use domain::communs::project::{Project, ProjectChange, ProjectId, ProjectOutcome};
use domain::communs::values::Porteur;
use passerelle::identity::person_hash::Person;
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::platform::measures::Count;
use passerelle::platform::queue::{DeliveryQueue, DeliveryTask};
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::events::Recipient;
use passerelle::store::communs::grants::StoredRights;
use passerelle::store::transaction::Transaction;
use passerelle::web::error::ApiError;
use passerelle::web::layer::log_made;

use crate::access::Found;
use crate::caller::ServiceCaller;
use crate::people::hash_porteur;

/// How old an event's instant may be when its commit begins: the reads in between may have been slow. The commit takes
/// at most the store's operation timeout; together they stay below the feed's lag, so that the feed has no gap.
const STAMP_GOOD_FOR: TimeDelta = TimeDelta::milliseconds(500);

/// What writes projects, rights and events.
#[derive(Clone)]
pub(crate) struct ProjectWrites {
    pub(crate) store: CommunsStore,
    pub(crate) deliveries: DeliveryQueue,
    pub(crate) people: RotatingKeys,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

/// A decision about to be committed: what is written, and the event that tells of it, if any.
#[derive(Default)]
pub(crate) struct Write {
    pub(crate) transaction: Transaction,
    event: Option<Event>,
}

/// An event added to a transaction, and whom to tell of it once it is committed.
struct Outgoing {
    event: EventId,
    recipients: Vec<Recipient>,
}

impl ProjectWrites {
    /// A new project with everything that comes with it.
    ///
    /// # Errors
    /// When a right cannot be read, or an item not be built.
    pub(crate) async fn creation(&self, caller: &ServiceCaller, change: &ProjectChange) -> Result<Write, ApiError> {
        let mut transaction = Transaction::default();
        let project = &change.project;
        self.store.create_project(&mut transaction, project)?;
        let porteur = project.content.porteur.as_ref();
        self.add_rights(&mut transaction, project.id, caller.user.as_ref(), None, porteur).await?;
        self.change(transaction, caller, change)
    }

    /// What was decided of a project read as `found`, if anything.
    ///
    /// # Errors
    /// When a right cannot be read, or an item not be built.
    pub(crate) async fn outcome(
        &self,
        caller: &ServiceCaller,
        found: &Found,
        outcome: &ProjectOutcome,
    ) -> Result<Write, ApiError> {
        let mut transaction = Transaction::default();
        match outcome {
            ProjectOutcome::Unchanged => Ok(Write::default()),
            ProjectOutcome::Silent(next) => {
                self.store.update_project(&mut transaction, &found.project, next, found.revision)?;
                Ok(Write { transaction, event: None })
            }
            ProjectOutcome::Changed(change) => {
                let (before, after) = (&found.project, &change.project);
                self.store.update_project(&mut transaction, before, after, found.revision)?;
                let porteurs = (before.content.porteur.as_ref(), after.content.porteur.as_ref());
                self.add_rights(&mut transaction, after.id, None, porteurs.0, porteurs.1).await?;
                self.change(transaction, caller, change)
            }
        }
    }

    /// The end of a project read as `found`: a tombstone stays, the others are told.
    ///
    /// # Errors
    /// When a right cannot be read, or an item not be built.
    pub(crate) async fn deletion(&self, caller: &ServiceCaller, found: &Found) -> Result<Write, ApiError> {
        let project = &found.project;
        let at = project.instant_of_change(self.clock.now());
        let mut transaction = Transaction::default();
        self.store.bury_project(&mut transaction, project, found.revision, at)?;
        self.add_rights(&mut transaction, project.id, None, project.content.porteur.as_ref(), None).await?;
        let event = Event::of_deletion(self.event_id(at), &caller.service, project, at);
        self.store.add_history(&mut transaction, &event, caller.user.as_ref())?;
        Ok(Write { transaction, event: Some(event) })
    }

    /// A person's explicit right on a project; nothing when it is so already.
    ///
    /// # Errors
    /// When the right cannot be read, or an item not be built.
    pub(crate) async fn grant(
        &self,
        caller: &ServiceCaller,
        project: &Project,
        person: &Person,
        level: Option<Level>,
    ) -> Result<Write, ApiError> {
        let rights = self.store.grant(person, project.id).await?;
        let before = rights.grant();
        if before.explicit == level {
            return Ok(Write::default());
        }
        let now = self.clock.now();
        let mut transaction = Transaction::default();
        let wanted = Grant { explicit: level, ..before };
        self.store.set_grant(&mut transaction, person, project.id, &rights, wanted)?;
        let event = Event::of_permission(self.event_id(now), &caller.service, project.id, level, now);
        Ok(Write { transaction, event: Some(event) })
    }

    /// The end of every right of a person on a project, `rights` until now, and of the porteur if `blanked` says so.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub(crate) fn erasure(
        &self,
        caller: &ServiceCaller,
        found: &Found,
        person: &Person,
        rights: &StoredRights,
        blanked: &ProjectOutcome,
    ) -> Result<Write, ApiError> {
        let (now, id) = (self.clock.now(), found.project.id);
        let mut transaction = Transaction::default();
        self.store.set_grant(&mut transaction, person, id, rights, rights.grant().trace())?;
        match blanked {
            ProjectOutcome::Changed(change) => {
                self.store.update_project(&mut transaction, &found.project, &change.project, found.revision)?;
                self.change(transaction, &caller.without_user(), change)
            }
            ProjectOutcome::Unchanged | ProjectOutcome::Silent(_) => {
                let event = Event::of_erased_right(self.event_id(now), &caller.service, &found.project, now);
                Ok(Write { transaction, event: Some(event) })
            }
        }
    }

    /// A new version, given the writes that come with it: its history and event are added.
    fn change(
        &self,
        mut transaction: Transaction,
        caller: &ServiceCaller,
        change: &ProjectChange,
    ) -> Result<Write, ApiError> {
        let event = Event::of_change(self.event_id(change.project.updated_at), &caller.service, change);
        self.store.add_history(&mut transaction, &event, caller.user.as_ref())?;
        Ok(Write { transaction, event: Some(event) })
    }

    /// Commits a write, and sends its event on its way.
    ///
    /// # Errors
    /// [`ApiError::DecideAgain`] when somebody was faster.
    pub(crate) async fn commit(&self, write: Write) -> Result<(), ApiError> {
        let Write { mut transaction, event } = write;
        let Some(event) = event else {
            return if transaction.is_empty() { Ok(()) } else { Ok(self.store.commit(transaction).await?) };
        };
        let outgoing = self.add_event(&mut transaction, &event).await?;
        if self.clock.now() - event.at > STAMP_GOOD_FOR {
            return Err(ApiError::DecideAgain);
        }
        self.store.commit(transaction).await?;
        Count::ChangesAccepted.one();
        log_made(event.project);
        tracing::info!(event = %event.id, project = %event.project, "accepted");
        self.send(outgoing).await;
        Ok(())
    }

    /// A new event's id: ids sort in order of commit.
    fn event_id(&self, at: DateTime<Utc>) -> EventId {
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
        let keys = self.people.current();
        let (before, after) = (hash_porteur(porteur_before, &keys), hash_porteur(porteur_after, &keys));
        let mut people: Vec<&Person> = Vec::new();
        // The porteur that stays the same, typed in another way maybe, keeps its right.
        let changing = [&before, &after].into_iter().flatten().filter(|_| before != after);
        for candidate in creator.into_iter().chain(changing) {
            if !people.contains(&candidate) {
                people.push(candidate);
            }
        }
        for person in people {
            let rights: StoredRights = self.store.grant(person, project).await?;
            let mut wanted = rights.grant();
            if creator == Some(person) {
                wanted.explicit = Some(Level::Write);
            }
            if before != after {
                wanted = wanted.with_porteur(after.as_ref() == Some(person));
            }
            self.store.set_grant(transaction, person, project, &rights, wanted)?;
        }
        Ok(())
    }
}
