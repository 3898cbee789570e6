//! Lists of projects.

use axum::Json;
use axum::extract::State;
use domain::communs::cursor::{self, ProjectCursor};
use domain::communs::view::ProjectView;
use domain::query::{Limit, Moment};
use passerelle::store::communs::lists::Filter;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::ProjectCaller;
use crate::openapi::{parameters, refusals as by, schemas};

/// Projects of a page when nothing is said.
const PAGE: usize = 100;

/// `GET /projects`.
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "listProjects",
    tag = "Projets",
    summary = "Lister les projets",
    description = "Avec un utilisateur : ceux qu'il peut lire ; sans, avec une clé `sync` : tous. Les filtres se \
        cumulent. Les pages sont pleines et dans l'ordre de création.",
    params(parameters::UserEmail, parameters::ProjectFilter),
    responses(
        (status = 200, description = "Une page de projets.", body = schemas::project::ProjectPage),
        by::Refused<(by::Caller, by::User, by::Query)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn list(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    Query(wanted): Query<parameters::ProjectFilter>,
) -> Result<Json<Value>, ApiError> {
    let filter = Filter {
        statut: wanted.statut,
        commune: wanted.commune,
        epci: wanted.epci,
        departement: wanted.departement,
        region: wanted.region,
        service: wanted.service,
        updated_since: wanted.updated_since.map(|Moment(since)| since),
    };
    let after = wanted.cursor.map(|ProjectCursor(id)| id);
    let page = app.store.list(caller.user.as_ref(), &filter, after, Limit::or(wanted.limit, PAGE)).await?;
    let next = page.projects.last().filter(|_| page.more).map(|last| cursor::after_project(last.id));
    let items: Vec<_> = page.projects.iter().map(|project| ProjectView::for_reader(project, &caller.service)).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
