//! Creating a project, or updating the one the caller already knows by that `externalId`.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use domain::api_key::Service;
use domain::body::Parsed;
use domain::communs::bodies::ProjectBody;
use domain::communs::judge;
use domain::communs::project::Project;
use domain::communs::view::ProjectView;
use http::{HeaderMap, StatusCode, header};
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::idempotency::{Owner, Record};
use passerelle::web::body::{Media, RawBody};
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;

use crate::access::{Found, Projects, Writing};
use crate::caller::ServiceCaller;
use crate::idempotency::{IdempotencyKey, answer_again, hash_body};
use crate::people::hash_porteur;
use crate::precondition;
use crate::refusal::problem_of;
use crate::writes::{ProjectWrites, Write};

/// What creates projects.
#[derive(Clone)]
pub(crate) struct Creations {
    pub(crate) projects: Projects,
    pub(crate) writes: ProjectWrites,
    pub(crate) store: CommunsStore,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

/// A project as it is after a creation that maybe was an update.
pub(crate) struct Upserted {
    pub(crate) status: StatusCode,
    pub(crate) project: Project,
}

impl Upserted {
    pub(crate) fn to_response(&self, reader: &Service) -> Response {
        answer(self.status, &self.project, reader)
    }
}

/// The project as the answer of a request.
pub(crate) fn answer(status: StatusCode, project: &Project, reader: &Service) -> Response {
    let etag = precondition::etag(project.version);
    (status, [(header::ETAG, etag)], Json(ProjectView::for_reader(project, reader))).into_response()
}

impl Creations {
    /// Creates or updates.
    ///
    /// # Errors
    /// 403 on a known project, 422.
    pub(crate) async fn upsert(
        &self,
        caller: &ServiceCaller,
        body: &Parsed<ProjectBody>,
        headers: &HeaderMap,
    ) -> Result<Upserted, ApiError> {
        retry_on_conflict(|| async {
            let (upserted, write) = self.decide(caller, body, headers).await?;
            self.writes.commit(write).await?;
            Ok(upserted)
        })
        .await
    }

    /// The same under an `Idempotency-Key`. The answer is kept in the transaction of the write: two requests at once
    /// with one key cannot both write.
    ///
    /// # Errors
    /// Those of [`Self::upsert`], and 422 when the key was used for another body.
    pub(crate) async fn upsert_once_per_key(
        &self,
        caller: &ServiceCaller,
        body: &RawBody,
        headers: &HeaderMap,
        key: &IdempotencyKey,
    ) -> Result<Response, ApiError> {
        let body_hash = hash_body(body.text(Media::Json)?);
        let owner = Owner { service: &caller.service, scope: caller.scope, person: caller.user.as_ref() };
        retry_on_conflict(|| async {
            let now = self.clock.now();
            if let Some(record) = self.store.idempotency(&owner, key.as_str(), now).await? {
                // The caller is judged as if it asked for the first time: it may have lost the right, or the project be
                // deleted.
                self.projects.find::<Writing>(caller, record.project).await?;
                return answer_again(&record, &body_hash);
            }
            let (upserted, mut write) = self.decide(caller, &body.parse(Media::Json)?, headers).await?;
            let Upserted { status, project } = &upserted;
            let record = Record {
                body_hash: body_hash.clone(),
                status: status.as_u16(),
                answer: ProjectView::for_reader(project, &caller.service).to_json().to_string(),
                project: project.id,
                at: now,
            };
            let porteur = hash_porteur(project.content.porteur.as_ref(), &self.writes.people.current());
            let transaction = &mut write.transaction;
            self.store.keep_answer(transaction, &owner, key.as_str(), &record, porteur.as_ref())?;
            self.writes.commit(write).await?;
            Ok(upserted.to_response(&caller.service))
        })
        .await
    }

    async fn decide(
        &self,
        caller: &ServiceCaller,
        body: &Parsed<ProjectBody>,
        headers: &HeaderMap,
    ) -> Result<(Upserted, Write), ApiError> {
        let judge =
            || judge::creation(body.clone(), &caller.service).map_err(|faults| problem_of(faults, &caller.service));
        let now = self.clock.now();
        let Some(found) = self.find_known(caller, body).await? else {
            precondition::check(headers, None)?;
            let (external_id, written) = judge()?;
            let change = Project::create(self.ids.next(now).into(), &caller.service, external_id, written, now);
            let write = self.writes.creation(caller, &change).await?;
            return Ok((Upserted { status: StatusCode::CREATED, project: change.project }, write));
        };
        precondition::check(headers, Some(found.project.version))?;
        let (_, written) = judge()?;
        let outcome = found.project.update(&caller.service, written, now);
        let write = self.writes.outcome(caller, &found, &outcome).await?;
        let project = outcome.project(&found.project).clone();
        Ok((Upserted { status: StatusCode::OK, project }, write))
    }

    /// The project the caller already knows by the body's external id, which it may change.
    async fn find_known(&self, caller: &ServiceCaller, body: &Parsed<ProjectBody>) -> Result<Option<Found>, ApiError> {
        let Some(external_id) = body.body.external_id.clone().set() else { return Ok(None) };
        let known = self.store.project_by_external_id(&caller.service, external_id.as_str()).await?;
        let Some(id) = known else { return Ok(None) };
        match self.projects.find::<Writing>(caller, id).await {
            Ok(found) => Ok(Some(found)),
            // Deleted between the two reads: its external id is free now.
            Err(error) if error.is(Code::Gone) || error.is(Code::NotFound) => Err(ApiError::DecideAgain),
            Err(error) => Err(error),
        }
    }
}
