//! Creation in bulk: answered item by item, in order; one bad item spoils no other.

use axum::Json;
use axum::extract::{Request, State};
use passerelle::communs::draft::ProjectDraft;
use passerelle::shape::{Field, Shape};
use passerelle::web::body::{MAX_BULK_BYTES, RawBody};
use passerelle::web::problem::Problem;
use serde_json::{Value, json};

use super::projects::upsert;
use crate::app::App;
use crate::caller::{ProjectCaller, ServiceCaller};
use crate::error::ApiError;
use crate::openapi::{parameters, refusals as by, schemas};

/// The most creations in one request.
const ITEMS_MAX: usize = 500;

/// `POST /projects/bulk`.
#[utoipa::path(
    post,
    path = "/projects/bulk",
    operation_id = "createProjects",
    tag = "Projets",
    summary = "Créer ou mettre à jour des projets en lot",
    description = "De 1 à 500 éléments, 6 Mo au plus, traités dans l'ordre comme autant de `POST /projects`. Une \
        faute dans un élément ne concerne que lui.",
    params(parameters::UserEmail),
    request_body = schemas::bulk::Bulk,
    responses(
        (status = 200, description = "Le sort de chaque élément.", body = schemas::bulk::BulkResults),
        by::Refused<(by::Caller, by::User, by::Body)>,
    ),
    security(("apiKey" = ["projects", "sync"])),
)]
pub(super) async fn create(
    State(app): State<App>,
    ProjectCaller(caller): ProjectCaller,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = RawBody::read(request, MAX_BULK_BYTES).await.json(false)?;
    let shape = Shape::object(&body, "", &["projects"]).map_err(Problem::shape)?;
    let items = match shape.list("projects").map_err(Problem::shape)? {
        Field::Set(items) if (1..=ITEMS_MAX).contains(&items.len()) => items,
        _ => return Err(Problem::value("/projects", "de 1 à 500 projets sont attendus").into()),
    };
    // One after the other: the same externalId may come twice, and then the later one updates.
    let mut results = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        results.push(one(&app, &caller, index, item).await);
    }
    Ok(Json(json!({"results": results})))
}

async fn one(app: &App, caller: &ServiceCaller, index: usize, item: &Value) -> Value {
    let external_id = item.get("externalId").and_then(Value::as_str);
    let base = format!("/projects/{index}");
    let created = match ProjectDraft::creation(item, &base).map_err(Problem::shape) {
        Ok(draft) => upsert(app, caller, &draft, &base, &|_, _, _| Ok(())).await,
        Err(problem) => Err(problem.into()),
    };
    match created {
        Ok((status, project)) => json!({
            "index": index, "externalId": external_id, "status": status.as_u16(), "id": project.id,
        }),
        Err(error) => {
            let problem = error.into_problem();
            json!({
                "index": index, "externalId": external_id, "status": problem.status().as_u16(),
                "problem": problem.to_json(),
            })
        }
    }
}
