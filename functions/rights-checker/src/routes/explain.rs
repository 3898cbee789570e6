//! Why: a decision with its trail and its diagram, and no side effect.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::connection::{self, Rights};
use domain::droits::diagram::{Flow, highlighted};
use domain::droits::suspension::Cause;
use domain::droits::trail::Trail;
use domain::droits::{change, creation};
use passerelle::store::droits::Standing;
use passerelle::web::body::MAX_BYTES;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::{Value, json};
use uuid::Uuid;

use super::creation::{Gathered, code as creation_code};
use crate::app::App;
use crate::caller::ManageCaller;
use crate::openapi::{refusals as by, schemas};
use crate::session::code as connection_code;
use passerelle::web::values::{self, Values, given};

/// What the real request would come to.
struct Verdict {
    result: &'static str,
    status: u16,
    problem: Option<Code>,
    reason: Option<&'static str>,
    causes: Vec<&'static str>,
}

impl Verdict {
    const fn plain(result: &'static str, status: u16) -> Self {
        Self { result, status, problem: None, reason: None, causes: Vec::new() }
    }

    fn refused(code: Code) -> Self {
        Self { problem: Some(code), ..Self::plain("refused", code.facts().0) }
    }

    fn unavailable() -> Self {
        let code = Code::PortailDfUnavailable;
        Self { problem: Some(code), ..Self::plain("unavailable", code.facts().0) }
    }

    fn of_rights(rights: &Rights) -> Self {
        match rights {
            Rights::Administrator => Self::plain("accepted", 200),
            Rights::NotChecked => Self::plain("unavailable", 200),
            Rights::Checked { suspension, failing, .. } => Self {
                causes: failing.iter().copied().map(Cause::as_str).collect(),
                ..Self::plain(if suspension.is_some() { "suspended" } else { "accepted" }, 200)
            },
        }
    }
}

/// `POST /rights/explain`.
#[utoipa::path(
    post,
    path = "/rights/explain",
    operation_id = "explainRights",
    tag = "Gestion",
    summary = "Expliquer une décision",
    description = "La décision est prise sans rien modifier.",
    request_body = schemas::Explain,
    responses(
        (status = 200, description = "La décision et son chemin.", body = schemas::Explained),
        by::Refused<(by::Manager, by::Body,)>,
    ),
    security(("apiKey" = ["manage"])),
)]
pub(super) async fn explain(
    State(app): State<App>,
    _: ManageCaller,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let body = values::json(request, MAX_BYTES).await?;
    let mut values = Values::of(&body, "", &["email", "establishmentId", "flow"])?;
    let email = values.email()?;
    let establishment = values.id("establishmentId")?;
    let flow = values.required("flow", "creation, connexion ou changement", Flow::parse)?;
    values.checked()?;
    let (email, establishment, flow) = (given(email)?, given(establishment)?, given(flow)?);

    let (verdict, trail) = match flow {
        Flow::Creation => app.explain_creation(&email, establishment).await?,
        Flow::Connexion => app.explain_connection(&email, establishment).await?,
        Flow::Changement => app.explain_change(&email, establishment).await?,
    };
    Ok(Json(json!({
        "outcome": {
            "result": verdict.result,
            "status": verdict.status,
            "problem": verdict.problem.map(|code| code.facts().1),
            "reason": verdict.reason,
            "causes": verdict.causes,
        },
        "trail": trail,
        "mermaid": highlighted(flow, &trail),
    })))
}

impl App {
    async fn explain_creation(&self, email: &str, establishment: Uuid) -> Result<(Verdict, Trail), ApiError> {
        let gathered = Gathered::of(self, email, establishment).await?;
        let now = self.clock.now();
        let mut decided = creation::decide(&gathered.facts(None), now);
        if decided.0 == creation::Outcome::AskPortailDf {
            let consultation = self.portail_df.consult(email).await;
            decided = creation::decide(&gathered.facts(Some(&consultation)), now);
        }
        let verdict = match decided.0 {
            creation::Outcome::AskPortailDf | creation::Outcome::Unavailable => Verdict::unavailable(),
            creation::Outcome::Accepted { .. } => Verdict::plain("accepted", 201),
            creation::Outcome::Refused(refusal) => {
                Verdict { reason: refusal.reason(), ..Verdict::refused(creation_code(refusal)) }
            }
        };
        Ok((verdict, decided.1))
    }

    async fn explain_connection(&self, email: &str, establishment: Uuid) -> Result<(Verdict, Trail), ApiError> {
        let stored = self.store.user_by_email(email).await?;
        let standing = match &stored {
            Some(stored) => self.store.standing(stored.user.id, establishment).await?,
            None => Standing::default(),
        };
        let now = self.clock.now();
        let mut facts = connection::Facts {
            user: stored.as_ref().map(|stored| &stored.user),
            password: None,
            second_factor_due: false,
            establishment: standing.establishment.as_ref(),
            member: standing.member,
            consultation: None,
        };
        let mut decided = connection::decide(&facts, now);
        let consultation;
        if decided.0 == connection::Outcome::AskPortailDf {
            consultation = self.portail_df.consult(email).await;
            facts.consultation = Some(&consultation);
            decided = connection::decide(&facts, now);
        }
        let verdict = match decided.0 {
            connection::Outcome::AskPortailDf => Verdict::plain("unavailable", 200),
            connection::Outcome::TwoFactor => Verdict::plain("accepted", 200),
            connection::Outcome::Accepted(rights) => Verdict::of_rights(&rights),
            connection::Outcome::Refused(refusal) => Verdict::refused(connection_code(refusal)),
        };
        Ok((verdict, decided.1))
    }

    async fn explain_change(&self, email: &str, establishment: Uuid) -> Result<(Verdict, Trail), ApiError> {
        // Only somebody with an account changes establishment; the tree of a change does not ask.
        let Some(stored) = self.store.user_by_email(email).await? else {
            return Ok((Verdict::refused(Code::UserMissing), Trail::default()));
        };
        if stored.user.deleted_at.is_some() {
            return Ok((Verdict::refused(Code::UserDeleted), Trail::default()));
        }
        let standing = self.store.standing(stored.user.id, establishment).await?;
        let now = self.clock.now();
        let mut facts = change::Facts {
            user: &stored.user,
            establishment: standing.establishment.as_ref(),
            member: standing.member,
            consultation: None,
        };
        let mut decided = change::decide(&facts, now);
        let consultation;
        if decided.0 == change::Outcome::AskPortailDf {
            consultation = self.portail_df.consult(email).await;
            facts.consultation = Some(&consultation);
            decided = change::decide(&facts, now);
        }
        let verdict = match decided.0 {
            change::Outcome::AskPortailDf | change::Outcome::Unavailable => Verdict::unavailable(),
            change::Outcome::Accepted(rights) => Verdict::of_rights(&rights),
            change::Outcome::Refused(refusal) => Verdict::refused(connection_code(refusal)),
        };
        Ok((verdict, decided.1))
    }
}
