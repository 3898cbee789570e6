//! Lists of projects.

use axum::Json;
use axum::extract::{RawQuery, State};
use domain::api_key::Service;
use domain::communs::statut::Generic;
use domain::communs::{cursor, view};
use domain::instant;
use domain::reference::territory;
use passerelle::store::communs::lists::Filter;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::ProjectCaller;
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::error::ApiError;
use passerelle::web::query::Query;

const PARAMETERS: [&str; 9] =
    ["limit", "cursor", "statut", "commune", "epci", "departement", "region", "service", "updatedSince"];

/// `GET /projects`.
#[utoipa::path(
    get,
    path = "/projects",
    operation_id = "listProjects",
    tag = "Projets",
    summary = "Lister les projets",
    description = "Avec un utilisateur : ceux qu'il peut lire ; sans, avec une clé `sync` : tous. Les filtres se \
        cumulent. Les pages sont pleines et dans l'ordre de création.",
    params(parameters::UserEmail, parameters::ProjectFilter, parameters::Limit),
    responses(
        (status = 200, description = "Une page de projets.", body = schemas::project::ProjectPage),
        by::Refused<(by::Caller, by::User, by::Query)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn list(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let query = Query::read(query.as_deref(), &PARAMETERS)?;
    let filter = Filter {
        statut: query.get("statut", Generic::from_code)?,
        commune: query.get("commune", territory::commune)?,
        epci: query.get("epci", territory::epci)?,
        departement: query.get("departement", territory::departement)?,
        region: query.get("region", territory::region)?,
        service: query.get("service", Service::parse)?,
        updated_since: query.get("updatedSince", instant::parse)?,
    };
    let after = query.get("cursor", cursor::project)?;
    let reader = caller.user.as_ref().map(|user| &user.person);
    let page = app.store.list(reader, &filter, after, query.limit()?).await?;
    let next = page.projects.last().filter(|_| page.more).map(|last| cursor::after_project(last.id));
    let items: Vec<Value> = page.projects.iter().map(|project| view::of(project, &caller.service)).collect();
    Ok(Json(json!({"items": items, "nextCursor": next})))
}
