//! Creation in bulk: answered item by item, in order; one bad item spoils no other.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Request, State};
use domain::communs::draft::ProjectDraft;
use domain::shape::{Field, Shape};
use futures_util::{StreamExt as _, stream};
use passerelle::web::body::{MAX_BULK_BYTES, RawBody};
use passerelle::web::problem::Problem;
use serde_json::{Value, json};

use super::projects::upsert;
use crate::app::App;
use crate::caller::{ProjectCaller, ServiceCaller};
use crate::openapi::{parameters, refusals as by, schemas};
use passerelle::web::error::ApiError;

/// The most creations in one request.
const ITEMS_MAX: usize = 500;
/// How many are created at a time: 500 must be done well within the API's 29 seconds.
const AT_A_TIME: usize = 16;

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
    // The same externalId may come twice, and then the later one updates: each wave holds an externalId once.
    let mut results = vec![Value::Null; items.len()];
    for wave in waves(items) {
        let answers = wave.into_iter().map(|index| {
            let (app, caller, item) = (&app, &caller, &items[index]);
            async move { (index, one(app, caller, index, item).await) }
        });
        let answers: Vec<(usize, Value)> = stream::iter(answers).buffer_unordered(AT_A_TIME).collect().await;
        for (index, answer) in answers {
            results[index] = answer;
        }
    }
    Ok(Json(json!({"results": results})))
}

/// The items in waves: the n-th holds the n-th item of each externalId, in the order sent.
fn waves(items: &[Value]) -> Vec<Vec<usize>> {
    let mut seen: HashMap<Option<&str>, usize> = HashMap::new();
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let external_id = item.get("externalId").and_then(Value::as_str);
        // Items without one are refused: they need not wait for each other.
        let nth = if external_id.is_some() { seen.entry(external_id).or_default() } else { &mut 0 };
        if waves.len() == *nth {
            waves.push(Vec::new());
        }
        waves[*nth].push(index);
        *nth += 1;
    }
    waves
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_sent_twice_is_in_two_waves() {
        let items =
            [json!({"externalId": "a"}), json!({"externalId": "b"}), json!({"externalId": "a"}), json!(3), json!({})];
        assert_eq!(waves(&items), [vec![0, 1, 3, 4], vec![2]]);
    }
}
