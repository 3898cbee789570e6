//! Erasure: a service says that a person is inactive, or asks to be forgotten.
//!
//! Project by project: the right is removed and the porteur blanked in one transaction that leaves a trace; then what
//! is stored of the person is redacted; then the trace goes. Stopped at any point, the same request takes it up again.

use axum::Json;
use axum::extract::{Request, State};
use domain::communs::event::Event;
use domain::communs::project::{Outcome, ProjectId};
use domain::reference::email::Email;
use domain::shape::Shape;
use passerelle::identity::person_hash::Person;
use passerelle::store::communs::projects::Stored;
use passerelle::store::communs::webhooks::StoredWebhook;
use passerelle::store::error::CommitError;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::{MAX_BYTES, RawBody};
use passerelle::web::problem::Problem;
use serde::Serialize;

use crate::access::Found;
use crate::app::App;
use crate::caller::{ServiceCaller, SyncCaller};
use crate::openapi::{refusals as by, schemas};
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;

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
    request: Request,
) -> Result<Json<Counts>, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await.json(false)?;
    let field = Shape::object(&body, "", &["email"]).and_then(|shape| shape.text("email")).map_err(Problem::shape)?;
    let email = field.set().and_then(|text| Email::parse(&text).ok());
    let email = email.ok_or_else(|| Problem::value("/email", "une adresse e-mail est attendue"))?;
    let person = app.person(&email);
    let is_person = |stored: &str| Email::parse(stored).is_ok_and(|stored| stored.normalised() == email.normalised());

    let webhooks = app.store.webhooks(None).await?;
    let mut counts = Counts::default();
    for hash in person.hashes() {
        let mut after = None;
        loop {
            let page = app.store.granted_projects(hash, after, PER_PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (project, _) in page {
                erase_from(&app, &caller, &person, project, &is_person, &webhooks, &mut counts).await?;
            }
        }
    }
    counts.idempotency_records = app.store.redact_answers(&person, is_person).await?;
    tracing::info!(
        service = %caller.service, permissions = counts.permissions, porteurs = counts.porteurs,
        events = counts.events, deliveries = counts.deliveries, "person erased"
    );
    Ok(Json(counts))
}

async fn erase_from(
    app: &App,
    caller: &ServiceCaller,
    person: &Person,
    id: ProjectId,
    is_person: &(impl Fn(&str) -> bool + Sync),
    webhooks: &[StoredWebhook],
    counts: &mut Counts,
) -> Result<(), ApiError> {
    let (right, porteur) = deciding(|| remove_right(app, caller, person, id, is_person)).await?;
    counts.permissions += usize::from(right);
    counts.porteurs += usize::from(porteur);
    let mut version = 0;
    loop {
        let page = app.store.events_of_project(id, version, PER_PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        version = *last;
        for (_, event) in page {
            let Some((event, _)) = app.store.event(&event).await? else { continue };
            let Some(redacted) = event.redacted(is_person) else { continue };
            for webhook in webhooks {
                let blanked =
                    deciding(|| async { app.store.redact_delivery(webhook.id, &event).await.map_err(ApiError::from) });
                counts.deliveries += usize::from(blanked.await?);
            }
            app.store.redact_event(&redacted).await?;
            counts.events += 1;
        }
    }
    Ok(app.store.forget(person, id).await?)
}

/// Removes every right of the person on a project and blanks the porteur if it is the person; whether there was a
/// right, and whether the porteur was blanked. The others are told, once.
async fn remove_right(
    app: &App,
    caller: &ServiceCaller,
    person: &Person,
    id: ProjectId,
    is_person: &(impl Fn(&str) -> bool + Sync),
) -> Result<(bool, bool), ApiError> {
    let held = app.store.grant(person, id).await?;
    let right = held.grant().level().is_some();
    let Some(Stored::Live { project, revision }) = app.store.project(id).await? else {
        // The project is gone: so is the right. What its events tell of the person is redacted all the same.
        return Ok((false, false));
    };
    let found = Found::new(*project, revision);
    let porteur = found.project.porteur.as_ref().and_then(|porteur| porteur.referent_email.as_deref());
    let is_porteur = porteur.is_some_and(is_person);
    if !right && !is_porteur {
        return Ok((false, false));
    }
    let now = app.clock.now();
    let mut transaction = Transaction::default();
    app.store.set_grant(&mut transaction, person, id, &held, held.grant().trace(), now)?;
    if is_porteur {
        let Outcome::Changed(change) = found.project.blank_porteur(now) else { return Err(CommitError::Race.into()) };
        app.store.update_project(&mut transaction, &found.project, &change.project, found.revision)?;
        let by_service = caller.of_service();
        app.commit_change(transaction, &by_service, &change).await?;
    } else {
        let event = Event::of_erased_right(app.event_id(now), &caller.service, &found.project, now);
        app.commit_event(transaction, &event).await?;
    }
    Ok((right, is_porteur))
}
