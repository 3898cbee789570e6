//! Change of establishment.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::change::{Facts, Outcome, decide};
use domain::droits::connection::Refusal;
use domain::droits::portail_df::Consultation;
use passerelle::web::body::MAX_BYTES;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::caller::UserCaller;
use crate::openapi::{refusals as by, schemas};
use crate::session::{Granted, outcome, refused, unavailable};
use passerelle::web::values::{self, Values, given};

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
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = values::json(request, MAX_BYTES).await?;
    let mut values = Values::of(&body, "", &["establishmentId"])?;
    let establishment = values.id("establishmentId")?;
    values.checked()?;
    let establishment = given(establishment)?;

    let user = &caller.stored.user;
    let standing = app.store.standing(user.id, establishment).await?;
    let facts =
        Facts { user, establishment: standing.establishment.as_ref(), member: standing.member, consultation: None };
    let consultation = match decide(&facts, app.clock.now()) {
        (Outcome::AskPortailDf, _) => Some(app.portail_df.consult(&user.email).await),
        _ => None,
    };
    let (app, id, consultation) = (&app, user.id, consultation.as_ref());
    deciding(|| app.change(id, establishment, consultation)).await.map(Json)
}

impl App {
    async fn change(
        &self,
        user: Uuid,
        establishment: Uuid,
        consultation: Option<&Consultation>,
    ) -> Result<Value, ApiError> {
        let stored = self.store.user(user).await?.filter(|stored| stored.user.deleted_at.is_none());
        let stored = stored.ok_or(Code::Unauthenticated)?;
        let standing = self.store.standing(user, establishment).await?;
        let facts = Facts {
            user: &stored.user,
            establishment: standing.establishment.as_ref(),
            member: standing.member,
            consultation,
        };
        let (decided, trail) = decide(&facts, self.clock.now());
        let log = |outcome: &str| audit::decided("changement", outcome, Some(user), Some(establishment), &trail);
        match decided {
            Outcome::AskPortailDf => Err(ApiError::Race),
            Outcome::Unavailable => {
                log("Portail DF unavailable");
                Err(unavailable(&trail).into())
            }
            Outcome::Refused(refusal) => {
                log("refused");
                let detail = (refusal == Refusal::StructureUnknown).then_some("Structure inconnue");
                Err(refused(refusal, &trail, detail).into())
            }
            Outcome::Accepted(rights) => {
                log(outcome(&rights, stored.user.role));
                self.grant(Granted { stored: &stored, standing, rights, moves: true }).await
            }
        }
    }
}
