//! What an operator asks of the communs, by a key of scope `manage` of the operators. Each question is audited.
//!
//! Source: docs/spec/communs.md#precisions

use axum::Json;
use axum::extract::State;
use domain::communs::cursor::{self, ProjectCursor};
use domain::instant;
use domain::query::Limit;
use passerelle::store::communs::projects::HistoryEntry;
use passerelle::web::body::ValidBody;
use passerelle::web::error::ApiError;
use passerelle::web::page_size::count_fitting;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::{OperatorCaller, WithQuery};
use crate::openapi::schemas::person::Person;
use crate::openapi::{parameters, refusals as by, schemas};

/// Projects of a page when nothing is said.
const PAGE: usize = 100;

/// `POST /administration/changes`: what was changed in the name of a person.
#[utoipa::path(
    post,
    path = "/administration/changes",
    operation_id = "findChanges",
    tag = "Exploitation",
    summary = "Savoir ce qu'une personne a changé",
    description = "Par projet, les versions faites au nom de cette adresse, par quelque service que ce soit, projets \
        supprimés compris. L'historique ne garde de la personne qu'une empreinte, que son effacement retire. La \
        question est notée dans le journal d'audit, sans l'adresse.",
    params(parameters::ChangesPage),
    request_body = Person,
    responses(
        (status = 200, description = "Une page.", body = schemas::person::ChangePage),
        by::Refused<(by::Caller, by::Right, by::Query, by::Body)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn changes(
    State(app): State<App>,
    WithQuery(OperatorCaller(service), wanted): WithQuery<OperatorCaller, parameters::ChangesPage>,
    ValidBody(body): ValidBody<Person>,
) -> Result<Json<Value>, ApiError> {
    let person = app.person(&body.email.get()?);
    let after = wanted.cursor.map(|ProjectCursor(id)| id);
    let limit = Limit::or(wanted.limit, PAGE);
    let projects = app.store.projects_of(&person, after, limit).await?;
    let mut items = Vec::new();
    // Of each project asked, how many items there are with it.
    let mut shown = Vec::with_capacity(projects.len());
    for project in &projects {
        let made = app.store.versions_by(&person, *project).await?;
        if !made.is_empty() {
            items.push(json!({"projectId": project, "changes": made.iter().map(show).collect::<Vec<_>>()}));
        }
        shown.push(items.len());
    }
    items.truncate(count_fitting(&items));
    let whole = shown.iter().take_while(|shown| **shown <= items.len()).count();
    let more = whole < projects.len() || projects.len() == limit;
    let last = whole.checked_sub(1).and_then(|last| projects.get(last)).filter(|_| more);
    tracing::info!(target: "audit", action = "find changes", %service, projects = items.len(), "done");
    Ok(Json(json!({"items": items, "nextCursor": last.map(|last| cursor::after_project(*last))})))
}

fn show(entry: &HistoryEntry) -> Value {
    json!({
        "version": entry.version,
        "at": instant::text(entry.at),
        "service": entry.service,
        "type": entry.kind,
        "changed": entry.changed,
    })
}
