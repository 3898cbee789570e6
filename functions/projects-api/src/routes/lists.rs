//! Lists of projects.

use axum::Json;
use axum::extract::State;
use domain::communs::cursor::{self, ProjectCursor};
use domain::communs::statut;
use domain::communs::view::ProjectView;
use domain::query::{Limit, Moment};
use domain::reference::territory::CommuneOrArrondissement;
use passerelle::store::communs::lists::Filter;
use passerelle::web::error::ApiError;
use passerelle::web::page_size::count_fitting;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::{ProjectCaller, WithQuery};
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
        cumulent. Les pages sont dans l'ordre de création, et pleines, sauf à finir avant 5 Mo de réponse.",
    params(parameters::UserEmail, parameters::ProjectFilter),
    responses(
        (status = 200, description = "Une page de projets.", body = schemas::project::ProjectPage),
        by::Refused<(by::Caller, by::User, by::Query)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn list(
    State(app): State<App>,
    WithQuery(ProjectCaller(caller), wanted): WithQuery<ProjectCaller, parameters::ProjectFilter>,
) -> Result<Json<Value>, ApiError> {
    if let Some(service) = &wanted.service
        && statut::accepted(service).is_empty()
        && !app.store.is_known_service(service).await?
    {
        let detail = format!("Le paramètre « service » : aucun service ne s'appelle « {service} ».");
        return Err(Problem::new(Code::InvalidQuery).detail(detail).into());
    }
    let filter = Filter {
        statut: wanted.statut,
        commune: wanted.commune.map(|CommuneOrArrondissement(commune)| commune),
        epci: wanted.epci,
        departement: wanted.departement,
        region: wanted.region,
        service: wanted.service,
        updated_since: wanted.updated_since.map(|Moment(since)| since),
    };
    let after = wanted.cursor.map(|ProjectCursor(id)| id);
    let page = app.store.list(caller.user.as_ref(), &filter, after, Limit::or(wanted.limit, PAGE)).await?;
    let show = |project| ProjectView::for_reader(project, &caller.service).to_json();
    let mut items: Vec<Value> = page.projects.iter().map(show).collect();
    items.truncate(count_fitting(&items));
    let more = page.more || items.len() < page.projects.len();
    let next = items.len().checked_sub(1).filter(|_| more).map(|last| cursor::after_project(page.projects[last].id));
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
