//! Links: a project imported into a service, under that service's own id.

use axum::extract::{Path, State};
use axum::response::Response;
use domain::api_key::Service;
use domain::communs::bodies::{Link, LinkPatch};
use domain::communs::link::LinkRole;
use domain::communs::permission::Level;
use domain::communs::view::ProjectView;
use http::{HeaderMap, StatusCode};
use passerelle::web::body::{Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde::Deserialize;

use crate::access::{LinkableProject, OriginatedProject};
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
        est remplacé. Seul le service concerné pose son lien, pour un utilisateur qui a READ ou avec une clé `sync`. Le lien \
        est en écriture (`writer`) s'il est posé pour un utilisateur qui a WRITE, sinon en lecture (`reader`).",
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
    precondition::check(&headers, Some(access.found.project.version))?;
    let external_id = body.valid()?.external_id.get()?;
    let project = access.decide(|current| async {
        let found = current;
        precondition::check(&headers, Some(found.project.version))?;
        let holder = app.store.project_by_external_id(&caller.service, external_id.as_str()).await?;
        if let Some(other) = holder.filter(|holder| *holder != found.project.id) {
            return Err(Problem::new(Code::ExternalIdConflict).member("projectId", other.to_string()).into());
        }
        let role = match (&caller.user, found.level) {
            (Some(_), Some(Level::Write)) => LinkRole::Writer,
            _ => LinkRole::Reader,
        };
        let outcome = found.project.link(&caller.service, external_id.as_str(), role, app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await?;
        Ok(outcome.project(&found.project).clone())
    });
    Ok(answer(StatusCode::OK, &project.await?, &caller.service))
}

/// `PATCH /projects/{id}/links/{service}`: what the link opens.
#[utoipa::path(
    patch,
    path = "/projects/{id}/links/{service}",
    operation_id = "patchLink",
    tag = "Liens",
    summary = "Changer le rôle d'un lien",
    description = "Réservé au service qui a créé le projet, avec sa clé `sync` ou pour un utilisateur qui a WRITE.",
    params(parameters::ProjectPath, parameters::ServicePath, parameters::UserEmail, parameters::IfMatch),
    request_body(content((LinkPatch = "application/merge-patch+json"), (LinkPatch = "application/json"))),
    responses(
        (status = 200, description = "Le projet, son lien changé.", body = ProjectView, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn patch(
    State(app): State<App>,
    access: OriginatedProject,
    Path(path): Path<LinkPath>,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Response, ApiError> {
    let caller = &access.caller;
    let service = Service::parse(&path.service).ok_or(Code::NotFound)?;
    let project = access.decide(|current| async {
        let found = current;
        if found.project.link_role(&service).is_none() {
            return Err(Problem::new(Code::NotFound).detail("Ce service n'est pas lié au projet.").into());
        }
        let body = body.parse::<LinkPatch>(Media::MergePatch)?;
        precondition::check(&headers, Some(found.project.version))?;
        let role = body.valid()?.role.get()?;
        let outcome = found.project.set_link_role(&service, role, app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await?;
        Ok(outcome.project(&found.project).clone())
    });
    Ok(answer(StatusCode::OK, &project.await?, &caller.service))
}

/// The service a link of the path is of.
#[derive(Deserialize)]
pub(super) struct LinkPath {
    service: String,
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
        precondition::check(&headers, Some(found.project.version))?;
        let outcome = found.project.unlink(&caller.service, app.clock.now());
        app.writes.commit(app.writes.outcome(caller, &found, &outcome).await?).await
    });
    unlinked.await?;
    Ok(StatusCode::NO_CONTENT)
}
