//! The establishments a person may work for.

use axum::Json;
use axum::extract::{RawQuery, State};
use domain::droits::account::Role;
use passerelle::store::droits::{Page, Place, Summary};
use passerelle::web::error::ApiError;
use serde_json::Value;

use crate::app::App;
use crate::caller::UserCaller;
use crate::lists::{self, Wanted};
use crate::openapi::{refusals as by, schemas};

/// `GET /establishments`.
#[utoipa::path(
    get,
    path = "/establishments",
    operation_id = "listEstablishments",
    tag = "Comptes",
    summary = "Lister ses établissements",
    description = "Ceux dont la personne est membre ; tous pour un administrateur.",
    params(schemas::Paging),
    responses(
        (status = 200, description = "Une page.", body = schemas::SummaryPage),
        by::Refused<(by::Person, by::Query,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: UserCaller,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let wanted = Wanted::read(query.as_deref(), &["limit", "cursor"])?;
    let user = &caller.stored.user;
    let page = if user.role == Role::Admin {
        app.store.establishments(wanted.after.as_ref(), wanted.limit).await?
    } else {
        let mut memberships = app.store.memberships(user.id).await?;
        memberships.sort_unstable();
        let after = |id: &uuid::Uuid| wanted.after.as_ref().is_none_or(|place| id.to_string() > place.1);
        memberships.retain(after);
        let more = memberships.len() > wanted.limit;
        memberships.truncate(wanted.limit);
        let found = app.store.summaries(&memberships).await?;
        let placed = |summary: Summary| (Place(String::new(), summary.id.to_string()), summary);
        Page { items: found.into_iter().map(placed).collect(), more }
    };
    Ok(lists::answer(page))
}
