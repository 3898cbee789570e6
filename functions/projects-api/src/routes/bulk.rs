//! Creation in bulk: answered item by item, in order; one bad item spoils no other.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Request, State};
use domain::body::{Fault, Faults, Parsed, Raw};
use domain::communs::bodies::ProjectBody;
use futures_util::{StreamExt as _, stream};
use http::HeaderMap;
use passerelle::web::body::{MAX_BULK_BYTES, Media, RawBody};
use passerelle::web::error::ApiError;
use passerelle::web::problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::{ProjectCaller, ServiceCaller};
use crate::creation::{Creations, Upserted};
use crate::openapi::schemas::bulk::Bulk;
use crate::openapi::{parameters, refusals as by, schemas};

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
    description = "De 1 à 500 éléments, 5 Mo au plus, traités dans l'ordre comme autant de `POST /projects`. Une \
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
    State(creations): State<Creations>,
    ProjectCaller(caller): ProjectCaller,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let mut body = RawBody::read(request, MAX_BULK_BYTES).await.parse::<Bulk>(Media::Json)?;
    let sent = body.body.projects.as_deref().unwrap_or_default();
    if !(1..=ITEMS_MAX).contains(&sent.len()) {
        body.faults = Faults::default();
        body.faults.add("/projects", "de 1 à 500 projets sont attendus");
    }
    let items: Vec<Item> =
        body.valid()?.projects.get()?.iter().enumerate().map(|(index, raw)| Item::parse(index, raw)).collect();
    // The same externalId may come twice, and then the later one updates: each wave holds an externalId once.
    let mut results = vec![Value::Null; items.len()];
    for wave in waves(&items) {
        let answers = wave.into_iter().map(|index| {
            let (creations, caller, item) = (&creations, &caller, &items[index]);
            async move { (index, create_one(creations, caller, index, item).await) }
        });
        let answers: Vec<(usize, Value)> = stream::iter(answers).buffer_unordered(AT_A_TIME).collect().await;
        for (index, answer) in answers {
            results[index] = answer;
        }
    }
    Ok(Json(json!({"results": results})))
}

/// One project of a bulk: a fault of its shape is its own.
struct Item {
    /// As sent, to tell the answers apart; `None` when it is no text.
    external_id: Option<String>,
    body: Result<Parsed<ProjectBody>, Fault>,
}

impl Item {
    fn parse(index: usize, raw: &Raw) -> Self {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Named {
            external_id: Option<String>,
        }
        let external_id = serde_json::from_str(raw.as_str()).ok().and_then(|named: Named| named.external_id);
        Self { external_id, body: raw.parse(&format!("/projects/{index}")) }
    }

    /// What tells it from another project of the caller; items without are refused, and need not wait for each other.
    fn key(&self) -> Option<String> {
        self.body.as_ref().ok()?.body.external_id.clone().set().map(String::from)
    }
}

/// The items in waves: the n-th holds the n-th item of each externalId, in the order sent.
fn waves(items: &[Item]) -> Vec<Vec<usize>> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let nth = match item.key() {
            Some(key) => seen.entry(key).or_default(),
            None => &mut 0,
        };
        if waves.len() == *nth {
            waves.push(Vec::new());
        }
        waves[*nth].push(index);
        *nth += 1;
    }
    waves
}

async fn create_one(creations: &Creations, caller: &ServiceCaller, index: usize, item: &Item) -> Value {
    let external_id = &item.external_id;
    let created = match &item.body {
        Ok(body) => creations.upsert(caller, body, &HeaderMap::new()).await,
        Err(fault) => Err(Problem::shape(fault.clone()).into()),
    };
    match created {
        Ok(Upserted { status, project }) => json!({
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
        let body = json!({"projects": [{"externalId": "a"}, {"externalId": "b"}, {"externalId": " a "}, 3, {}]});
        let bulk = domain::body::parse::<Bulk>(body.to_string().as_bytes(), "").unwrap().valid().unwrap();
        let items: Vec<Item> = bulk.projects.get().unwrap().iter().map(|raw| Item::parse(0, raw)).collect();
        assert_eq!(waves(&items), [vec![0, 1, 3, 4], vec![2]]);
    }
}
