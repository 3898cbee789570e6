//! Change of establishment.

use axum::Json;
use axum::extract::State;
use domain::droits::change::ChangeOutcome;
use domain::droits::decision::Decision;
use domain::droits::diagram::Flow;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::Code;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::caller::UserCaller;
use crate::decisions::{Decided, Question};
use crate::openapi::{refusals as by, schemas};
use crate::refusals::{portail_df_unavailable, sign_in_problem};
use crate::sessions::{CurrentEstablishment, Opening, audited};

/// `POST /account/change-establishment`.
#[utoipa::path(
    post,
    path = "/account/change-establishment",
    operation_id = "changeEstablishment",
    tag = "Comptes",
    summary = "Changer d'établissement",
    description = "Suit les nœuds M1 à M10. Un changement refusé ne modifie rien.",
    request_body = schemas::Change,
    responses(
        (status = 200, description = "Un nouveau jeton, pour cet établissement.", body = schemas::Session),
        by::Refused<(by::Person, by::Change, by::Body,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: UserCaller,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Change>,
) -> Result<Json<Value>, ApiError> {
    let establishment = body.establishment_id.get()?.0;
    let user = &caller.stored.user;
    let question = app.decisions.question(&user.email);
    let (app, id, question) = (&app, user.id, &question);
    retry_on_conflict(|| attempt(app, id, establishment, question)).await.map(Json)
}

/// Decides a change and carries it out.
///
/// # Errors
/// The refusal; [`ApiError::DecideAgain`] when what was read changed meanwhile.
async fn attempt(app: &App, user: Uuid, establishment: Uuid, question: &Question<'_>) -> Result<Value, ApiError> {
    let stored = app.store.user(user).await?.filter(|stored| stored.user.deleted_at.is_none());
    let stored = stored.ok_or(Code::Unauthenticated)?;
    let Decided { decision: Decision { outcome, trail }, membership } =
        app.decisions.change(&stored.user, establishment, question).await?;
    let audit = |outcome| {
        let entry =
            audit::Entry { flow: Flow::Changement, outcome, user: Some(user), establishment: Some(establishment) };
        audit::record(&entry, &trail);
    };
    match outcome {
        ChangeOutcome::Unavailable => {
            audit("Portail DF unavailable");
            Err(portail_df_unavailable(&trail).into())
        }
        ChangeOutcome::Refused(refusal) => {
            audit("refused");
            Err(sign_in_problem(refusal, &trail, "Structure inconnue").into())
        }
        ChangeOutcome::Accepted(rights) => {
            let current = CurrentEstablishment::Moved;
            let session = app.sessions.open(Opening { stored: &stored, membership, rights: &rights, current }).await?;
            audit(audited(&rights));
            Ok(session)
        }
    }
}
