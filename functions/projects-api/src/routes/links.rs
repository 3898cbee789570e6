//! Links: a project imported into a service, under that service's own id.

use axum::extract::State;
use axum::response::Response;
use domain::communs::bodies::Link;
use domain::communs::view::ProjectView;
use http::{HeaderMap, StatusCode};
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};

use crate::access::LinkableProject;
use crate::app::App;
use crate::creation::answer;
use crate::openapi::{parameters, refusals as by};
use crate::precondition;

/// `PUT /projects/{id}/links/{service}`.
#[utoipa::path(
    put,
    path = "/projects/{id}/links/{service}",
    operation_id = "putLink",
    tag = "Liens",
    summary = "Lier un projet à un service",
    description = "Le projet a été importé dans le service appelant, sous cet identifiant ; un identifiant précédent \
        est remplacé. Seul le service concerné pose son lien, pour un utilisateur qui a READ ou avec une clé `sync`.",
    params(parameters::ProjectPath, parameters::ServicePath, parameters::UserEmail, parameters::IfMatch),
    request_body = Link,
    responses(
        (status = 200, description = "Le projet lié.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match, by::Body, by::ExternalId)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn put(
    State(app): State<App>,
    access: LinkableProject,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    let caller = &access.caller;
    let body = body.parse::<Link>(Media::Json)?;
    precondition::if_match(&headers, access.found.project.version)?;
    let external_id = body.valid()?.external_id.get()?;
    let project = access.decide(|current| async {
        let found = current;
        precondition::if_match(&headers, found.project.version)?;
        let holder = app.store.project_by_external_id(&caller.service, external_id.as_str()).await?;
        if let Some(other) = holder.filter(|holder| *holder != found.project.id) {
            return Err(Problem::new(Code::ExternalIdConflict).member("projectId", other.to_string()).into());
        }
        let outcome = found.project.link(&caller.service, external_id.as_str(), app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await?;
        Ok(outcome.project(&found.project).clone())
    });
    Ok(answer(StatusCode::OK, &project.await?, &caller.service))
}

/// `DELETE /projects/{id}/links/{service}`.
#[utoipa::path(
    delete,
    path = "/projects/{id}/links/{service}",
    operation_id = "deleteLink",
    tag = "Liens",
    summary = "Retirer le lien d'un service",
    description = "Le service appelant n'a plus le projet. Sans effet s'il n'était pas lié.",
    params(parameters::ProjectPath, parameters::ServicePath, parameters::UserEmail, parameters::IfMatch),
    responses(
        (status = 204, description = "Le lien n'est plus."),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn delete(
    State(app): State<App>,
    access: LinkableProject,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let caller = &access.caller;
    let unlinked = access.decide(|current| async {
        let found = current;
        precondition::if_match(&headers, found.project.version)?;
        let outcome = found.project.unlink(&caller.service, app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await
    });
    unlinked.await?;
    Ok(StatusCode::NO_CONTENT)
}
