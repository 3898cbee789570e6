//! The establishments a person may work for.

use axum::Json;
use axum::extract::State;
use domain::droits::account::Role;
use passerelle::store::droits::{List, ListPosition, Page, Summary};
use passerelle::web::error::ApiError;
use passerelle::web::parameters::Query;
use serde_json::Value;

use crate::app::App;
use crate::caller::UserCaller;
use crate::lists::{self, Window};
use crate::openapi::{queries, refusals as by, schemas};

/// `GET /establishments`.
#[utoipa::path(
    get,
    path = "/establishments",
    operation_id = "listEstablishments",
    tag = "Comptes",
    summary = "Lister ses établissements",
    description = "Ceux dont la personne est membre ; tous pour un administrateur.",
    params(queries::PageQuery),
    responses(
        (status = 200, description = "Une page.", body = schemas::SummaryPage),
        by::Refused<(by::Person, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: UserCaller,
    Query(query): Query<queries::PageQuery>,
) -> Result<Json<Value>, ApiError> {
    let Window { limit, after } = query.of(List::Establishments)?;
    let user = &caller.stored.user;
    let page = if user.role == Role::Admin {
        app.store.establishments(after.as_ref(), limit).await?
    } else {
        let mut memberships = app.store.memberships(user.id).await?;
        memberships.sort_unstable();
        memberships.retain(|id| after.as_ref().is_none_or(|place| id.to_string() > place.1));
        let more = memberships.len() > limit;
        memberships.truncate(limit);
        let found = app.store.summaries(&memberships).await?;
        let placed = |summary: Summary| (ListPosition(String::new(), summary.id.to_string()), summary);
        Page { items: found.into_iter().map(placed).collect(), more }
    };
    Ok(lists::to_json(page))
}
