//! Why: a decision with its trail and its diagram, and no side effect.

use axum::Json;
use axum::extract::State;
use domain::droits::change::ChangeOutcome;
use domain::droits::creation::CreationOutcome;
use domain::droits::decision::Decision;
use domain::droits::diagram::{Flow, highlighted};
use domain::droits::rights::Rights;
use domain::droits::sign_in::{Password, SecondFactor, SignInOutcome};
use domain::droits::suspension::Cause;
use domain::droits::trail::Trail;
use passerelle::web::body::ValidBody;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::app::App;
use crate::caller::ManageCaller;
use crate::decisions::Credentials;
use crate::openapi::{refusals as by, schemas};
use crate::refusals::{creation_code, sign_in_code};

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

    fn of_creation(outcome: &CreationOutcome) -> Self {
        match outcome {
            CreationOutcome::Unavailable => Self::unavailable(),
            CreationOutcome::Accepted { .. } => Self::plain("accepted", 201),
            CreationOutcome::Refused(refusal) => {
                Self { reason: refusal.reason(), ..Self::refused(creation_code(*refusal)) }
            }
        }
    }

    fn of_sign_in(outcome: &SignInOutcome) -> Self {
        match outcome {
            SignInOutcome::SecondFactor => Self::plain("accepted", 200),
            SignInOutcome::Accepted(rights) => Self::of_rights(rights),
            SignInOutcome::Refused(refusal) => Self::refused(sign_in_code(*refusal)),
        }
    }

    fn of_change(outcome: &ChangeOutcome) -> Self {
        match outcome {
            ChangeOutcome::Unavailable => Self::unavailable(),
            ChangeOutcome::Accepted(rights) => Self::of_rights(rights),
            ChangeOutcome::Refused(refusal) => Self::refused(sign_in_code(*refusal)),
        }
    }

    fn of_rights(rights: &Rights) -> Self {
        match rights {
            Rights::Administrator => Self::plain("accepted", 200),
            Rights::NotChecked | Rights::NeverChecked => Self::plain("unavailable", 200),
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
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Explain>,
) -> Result<Json<Value>, ApiError> {
    let (establishment, flow) = (body.establishment_id.get()?.0, body.flow.get()?);
    let email = body.email.get()?.normalised().to_owned();
    let question = app.decisions.question(&email);
    let (verdict, trail) = match flow {
        Flow::Creation => {
            let Decision { outcome, trail } = app.decisions.creation(establishment, &question).await?;
            (Verdict::of_creation(&outcome), trail)
        }
        Flow::Connexion => {
            let stored = app.store.user_by_email(&email).await?;
            let credentials = Credentials {
                password: Password::NotExamined,
                second_factor: SecondFactor::Satisfied,
                establishment: Some(establishment),
            };
            let user = stored.as_ref().map(|stored| &stored.user);
            let Decision { outcome, trail } = app.decisions.sign_in(user, credentials, &question).await?.decision;
            (Verdict::of_sign_in(&outcome), trail)
        }
        Flow::Changement => match app.store.user_by_email(&email).await? {
            // Only somebody with an account changes establishment; the tree of a change does not ask.
            None => (Verdict::refused(Code::UserMissing), Trail::default()),
            Some(stored) if stored.user.deleted_at.is_some() => (Verdict::refused(Code::UserDeleted), Trail::default()),
            Some(stored) => {
                let decided = app.decisions.change(&stored.user, establishment, &question).await?;
                let Decision { outcome, trail } = decided.decision;
                (Verdict::of_change(&outcome), trail)
            }
        },
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
