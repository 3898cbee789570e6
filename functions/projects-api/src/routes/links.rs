//! Links: a project imported into a service, under that service's own id.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use domain::communs::content;
use domain::communs::permission::Level;
use domain::shape::Shape;
use http::{HeaderMap, StatusCode};
use passerelle::web::body::{MAX_BYTES, RawBody};
use passerelle::web::problem::{Code, Problem};

use super::projects::{after, shown};
use crate::access::{self, Found};
use crate::app::App;
use crate::caller::{ProjectCaller, ServiceCaller};
use crate::openapi::{parameters, refusals as by, schemas};
use crate::precondition;
use crate::refusal::invalid;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;

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
    request_body = schemas::project::Link,
    responses(
        (status = 200, description = "Le projet lié.", body = schemas::project::Project, headers(
            ("ETag" = String, description = "La version, entre guillemets."),
        )),
        by::Refused<(by::Caller, by::User, by::Project, by::Right, by::Match, by::Body, by::ExternalId)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn put(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Path((id, service)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, ApiError> {
    let body = RawBody::read(request, MAX_BYTES).await;
    let project = deciding(|| async {
        let found = linkable(&app, &caller, &id, &service).await?;
        let body = body.json(false)?;
        let external_id = Shape::object(&body, "", &["externalId"])
            .and_then(|shape| shape.text("externalId"))
            .map_err(Problem::shape)?;
        precondition::if_match(&headers, found.project.version)?;
        let external_id =
            content::external_id(external_id, &caller.service).map_err(|faults| invalid(faults, &caller.service))?;
        let holder = app.store.project_by_external_id(&caller.service, &external_id).await?;
        if let Some(other) = holder.filter(|holder| *holder != found.project.id) {
            return Err(Problem::new(Code::ExternalIdConflict).member("projectId", other.to_string()).into());
        }
        let outcome = found.project.link(&caller.service, &external_id, app.clock.now());
        let project = after(&found.project, &outcome);
        app.commit_outcome(&caller, &found, outcome, |_| Ok(())).await?;
        Ok(project)
    })
    .await?;
    Ok(shown(StatusCode::OK, &project, &caller.service))
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
    ProjectCaller(caller): ProjectCaller,
    Path((id, service)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    deciding(|| async {
        let found = linkable(&app, &caller, &id, &service).await?;
        precondition::if_match(&headers, found.project.version)?;
        let outcome = found.project.unlink(&caller.service, app.clock.now());
        app.commit_outcome(&caller, &found, outcome, |_| Ok(())).await
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The project, if the caller may set or remove this link: only the service itself may, for a user who can read the
/// project, or with a `sync` key.
async fn linkable(app: &App, caller: &ServiceCaller, id: &str, service: &str) -> Result<Found, ApiError> {
    let found = access::find(app, caller, id).await?;
    if caller.service.as_str() != service {
        let detail = "Seul le service concerné pose ou retire son lien.";
        return Err(Problem::new(Code::PermissionRefused).detail(detail).into());
    }
    access::require(app, caller, &found, Level::Read).await?;
    Ok(found)
}
