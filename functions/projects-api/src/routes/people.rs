//! Erasure: a service says that a person is inactive, or asks to be forgotten.
//!
//! The register of the erased is written first, for whoever restores a backup. Project by project: the right is removed
//! and the porteur blanked in one transaction that leaves a trace; then what is stored of the person is redacted, the
//! history of what they changed included; then the trace goes. Stopped at any point, the same request takes it up again.

use axum::Json;
use axum::extract::State;
use domain::communs::event::EventId;
use domain::communs::project::{ProjectId, ProjectOutcome};
use domain::reference::email::Email;
use domain::webhooks::subscription::WebhookId;
use passerelle::identity::person_hash::Person as PersonKeys;
use passerelle::platform::measures::Count;
use passerelle::store::communs::CommunsStore;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use serde::Serialize;

use crate::access::Projects;
use crate::app::App;
use crate::caller::{ServiceCaller, SyncCaller};
use crate::openapi::schemas::person::Person;
use crate::openapi::{refusals as by, schemas};
use crate::writes::ProjectWrites;

/// How much is read at a time.
const PER_PAGE: i32 = 100;

/// What was erased.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    /// Projects on which a right was removed.
    permissions: usize,
    /// Projects whose porteur référent was blanked.
    porteurs: usize,
    /// Stored events redacted.
    events: usize,
    /// Deliveries whose recorded answers were blanked.
    deliveries: usize,
    /// Kept answers redacted.
    idempotency_records: usize,
}

/// `POST /people/erase`.
#[utoipa::path(
    post,
    path = "/people/erase",
    operation_id = "erasePerson",
    tag = "Permissions",
    summary = "Effacer une personne",
    description = "La personne est inactive ou demande l'effacement : ses droits sont retirés, le porteur référent \
        est vidé partout où c'est elle, et ce qui est conservé est caviardé. Les autres services en sont prévenus. \
        Répéter l'appel est sans effet.",
    request_body = schemas::person::Person,
    responses(
        (status = 200, description = "Ce qui a été effacé.", body = schemas::person::Erasure),
        by::Refused<(by::Caller, by::Body)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn erase(
    State(app): State<App>,
    SyncCaller(caller): SyncCaller,
    ValidBody(body): ValidBody<Person>,
) -> Result<Json<Counts>, ApiError> {
    let email = body.email.get()?;
    let webhooks = app.store.webhooks(None).await?.into_iter().map(|webhook| webhook.id);
    let deleted = app.store.purges().await?.into_iter().map(|purge| purge.webhook);
    let erasure = Erasure {
        store: &app.store,
        projects: &app.projects,
        writes: &app.writes,
        caller: &caller,
        person: app.person(&email),
        email,
        webhooks: webhooks.chain(deleted).collect(),
    };
    let begun = app.clock.now();
    app.store.begin_erasure(&erasure.person, begun).await?;
    let counts = erasure.run().await?;
    app.store.finish_erasure(&erasure.person, begun, app.clock.now()).await?;
    Count::PeopleErased.one();
    tracing::info!(
        service = %caller.service, permissions = counts.permissions, porteurs = counts.porteurs,
        events = counts.events, deliveries = counts.deliveries, "person erased"
    );
    Ok(Json(counts))
}

/// The erasure of one person.
struct Erasure<'a> {
    store: &'a CommunsStore,
    projects: &'a Projects,
    writes: &'a ProjectWrites,
    caller: &'a ServiceCaller,
    person: PersonKeys,
    email: Email,
    /// Whose deliveries may repeat what an event told of the person: also those deleted a moment ago.
    webhooks: Vec<WebhookId>,
}

impl Erasure<'_> {
    async fn run(&self) -> Result<Counts, ApiError> {
        let mut counts = Counts::default();
        for hash in self.person.hashes() {
            let mut after = None;
            loop {
                let page = self.store.granted_projects(hash, after, PER_PAGE).await?;
                let Some((last, _)) = page.last() else { break };
                after = Some(*last);
                for (project, _) in page {
                    self.erase_from(project, &mut counts).await?;
                }
            }
        }
        counts.idempotency_records = self.store.redact_answers(&self.person, |stored| self.is_person(stored)).await?;
        Ok(counts)
    }

    fn is_person(&self, stored: &str) -> bool {
        Email::parse(stored).is_ok_and(|stored| stored.normalised() == self.email.normalised())
    }

    async fn erase_from(&self, id: ProjectId, counts: &mut Counts) -> Result<(), ApiError> {
        let removed = retry_on_conflict(|| self.remove_right(id)).await?;
        counts.permissions += usize::from(removed.right);
        counts.porteurs += usize::from(removed.porteur);
        // A change in their name that is under way was allowed by the right that is gone now.
        self.store.outdate_decisions(id).await?;
        let mut after = 0;
        loop {
            let page = self.store.versions(id, after, PER_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.number;
            for version in page {
                if let Some(author) = version.author.filter(|author| self.person.is(author)) {
                    self.store.forget_author(id, version.number, &author).await?;
                }
                self.redact_event(&version.event, counts).await?;
            }
        }
        Ok(self.store.forget(&self.person, id).await?)
    }

    async fn redact_event(&self, id: &EventId, counts: &mut Counts) -> Result<(), ApiError> {
        let Some((event, _)) = self.store.event(id).await? else { return Ok(()) };
        let Some(redacted) = event.redacted(|stored| self.is_person(stored)) else { return Ok(()) };
        for &webhook in &self.webhooks {
            let blanked =
                retry_on_conflict(async || self.store.redact_delivery(webhook, &event).await.map_err(ApiError::from));
            counts.deliveries += usize::from(blanked.await?);
        }
        self.store.redact_event(&redacted).await?;
        counts.events += 1;
        Ok(())
    }

    /// Removes every right of the person on a project and blanks the porteur if it is the person. The others are told,
    /// once.
    async fn remove_right(&self, id: ProjectId) -> Result<Removed, ApiError> {
        let held = self.store.grant(&self.person, id).await?;
        // The project may be gone: so is the right. What its events tell of the person is redacted all the same.
        let Some(found) = self.projects.find_for_erasure(id).await? else { return Ok(Removed::default()) };
        let porteur = found.project.content.porteur.as_ref().and_then(|porteur| porteur.referent_email.as_deref());
        let removed = Removed {
            right: held.grant().level().is_some(),
            porteur: porteur.is_some_and(|porteur| self.is_person(porteur)),
        };
        if removed == Removed::default() {
            return Ok(removed);
        }
        let blanked = match removed.porteur {
            true => found.project.blank_porteur(self.writes.clock.now()),
            false => ProjectOutcome::Unchanged,
        };
        self.writes.commit(self.writes.erasure(self.caller, &found, &self.person, &held, &blanked)?).await?;
        Ok(removed)
    }
}

/// What there was to remove of a person on a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Removed {
    /// A right.
    right: bool,
    /// The porteur référent was the person.
    porteur: bool,
}
