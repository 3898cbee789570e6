//! Sign-in, and its second factor.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::decision::Decision;
use domain::droits::diagram::Flow;
use domain::droits::sign_in::{Password, SecondFactor, SignInOutcome};
use lambda_http::request::RequestContext;
use passerelle::store::droits::{StoredUser, WINDOW};
use passerelle::web::body::MAX_BYTES;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::decisions::{Credentials, Decided, Question};
use crate::openapi::{refusals as by, schemas};
use crate::refusals::sign_in_problem;
use crate::sessions::{CurrentEstablishment, Opening, audited};
use passerelle::web::values::{self, Values, given};

/// Attempts a minute, of one e-mail or one address.
const ATTEMPTS: u64 = 10;

/// `POST /authenticate`.
#[utoipa::path(
    post,
    path = "/authenticate",
    operation_id = "authenticate",
    tag = "Comptes",
    summary = "Se connecter",
    description = "Suit les nœuds L1 à L29. Si Portail DF ne répond pas, la connexion se poursuit avec ce qui est enregistré. Dix tentatives par minute au plus.",
    request_body = schemas::Credentials,
    responses(
        (status = 200, description = "La personne est connectée, ou un code lui a été envoyé.", body = schemas::SignedIn),
        by::Refused<(by::Anyone, by::Connection, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn sign_in(State(app): State<App>, request: Request) -> Result<Json<Value>, ApiError> {
    let address = address(&request);
    let body = values::json(request, MAX_BYTES).await?;
    let mut values = Values::of(&body, "", &["email", "password", "establishmentId"])?;
    let email = values.email()?;
    let password =
        values.required("password", "mot de passe obligatoire", |text| (!text.is_empty()).then(|| text.to_owned()))?;
    let establishment =
        values.optional("establishmentId", "identifiant invalide : un UUID est attendu", values::uuid)?;
    values.checked()?;
    let (email, password) = (given(email)?, given(password)?);

    admit(&app, &format!("email:{email}")).await?;
    if let Some(address) = address {
        admit(&app, &format!("address:{address}")).await?;
    }
    let question = app.decisions.question(&email);
    let (app, question, proof) = (&app, &question, Proof::Password(&password));
    retry_on_conflict(|| attempt(app, proof, establishment, question)).await.map(Json)
}

/// `POST /authenticate/verify-2fa`.
#[utoipa::path(
    post,
    path = "/authenticate/verify-2fa",
    operation_id = "verifySecondFactor",
    tag = "Comptes",
    summary = "Confirmer par le code reçu",
    description = "Un code vaut cinq minutes ; trois codes faux bloquent quinze minutes.",
    request_body = schemas::SecondFactor,
    responses(
        (status = 200, description = "La personne est connectée.", body = schemas::Session),
        by::Refused<(by::Anyone, by::SecondFactor, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn verify(State(app): State<App>, request: Request) -> Result<Json<Value>, ApiError> {
    let body = values::json(request, MAX_BYTES).await?;
    let mut values = Values::of(&body, "", &["email", "code", "establishmentId"])?;
    let email = values.email()?;
    let code = values.required("code", "un code de six chiffres est attendu", |text| {
        (text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.to_owned())
    })?;
    let establishment =
        values.optional("establishmentId", "identifiant invalide : un UUID est attendu", values::uuid)?;
    values.checked()?;
    let (email, code) = (given(email)?, given(code)?);

    let stored = app.store.user_by_email(&email).await?.filter(|stored| stored.user.deleted_at.is_none());
    let stored = stored.ok_or(Code::TwoFactorFailed)?;
    let question = app.decisions.question(&email);
    let (app, user, code, question) = (&app, &stored.user, code.as_str(), &question);
    retry_on_conflict(|| app.second_factors.use_code(user, code)).await?;
    retry_on_conflict(|| attempt(app, Proof::SecondFactor, establishment, question)).await.map(Json)
}

/// Where the request comes from, as API Gateway says; a header would say whatever its sender wants.
fn address(request: &Request) -> Option<String> {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    }
}

/// Counts an attempt, and refuses one too many.
async fn admit(app: &App, subject: &str) -> Result<(), ApiError> {
    if app.store.count_attempt(subject, app.clock.now()).await? > ATTEMPTS {
        return Err(Problem::new(Code::TooManyAttempts).retry_after(WINDOW.num_seconds().unsigned_abs()).into());
    }
    Ok(())
}

/// What a person proves who they are with.
#[derive(Clone, Copy)]
enum Proof<'a> {
    Password(&'a str),
    /// The password and, now, the code.
    SecondFactor,
}

/// Decides a sign-in and carries it out.
///
/// # Errors
/// The refusal; [`ApiError::DecideAgain`] when what was read changed meanwhile.
async fn attempt(
    app: &App,
    proof: Proof<'_>,
    establishment: Option<Uuid>,
    question: &Question<'_>,
) -> Result<Value, ApiError> {
    let stored = app.store.user_by_email(question.email()).await?;
    let (password, second_factor) = match proof {
        Proof::SecondFactor => (Password::Right, SecondFactor::Satisfied),
        Proof::Password(password) => {
            let due = if app.admin_2fa { SecondFactor::Due } else { SecondFactor::Satisfied };
            (examine(app, password, stored.as_ref()).await?, due)
        }
    };
    let credentials = Credentials { password, second_factor, establishment };
    let user = stored.as_ref().map(|stored| &stored.user);
    let Decided { decision: Decision { outcome, trail }, standing } =
        app.decisions.sign_in(user, credentials, question).await?;
    let (user, establishment) = (user.map(|user| user.id), standing.establishment.as_ref().map(|known| known.id));
    let audit = |outcome| {
        audit::record(&audit::Entry { flow: Flow::Connexion, outcome, user, establishment }, &trail);
    };
    let rights = match outcome {
        SignInOutcome::Refused(refusal) => {
            audit("refused");
            let siren = standing.establishment.map(|establishment| establishment.siren).unwrap_or_default();
            let structure_unknown = format!("Aucune structure correspondant au SIREN {siren}");
            return Err(sign_in_problem(refusal, &trail, &structure_unknown).into());
        }
        SignInOutcome::SecondFactor => None,
        SignInOutcome::Accepted(rights) => Some(rights),
    };
    let stored = stored.ok_or(Code::UserMissing)?;
    let Some(rights) = rights else {
        app.second_factors.send_code(&stored.user).await?;
        audit("second factor");
        return Ok(json!({"requiresTwoFactor": true}));
    };
    let current = CurrentEstablishment::Kept;
    let session = app.sessions.open(Opening { stored: &stored, standing, rights: &rights, current }).await?;
    audit(audited(&rights));
    Ok(session)
}

/// Whether a password is that of the user found.
async fn examine(app: &App, password: &str, stored: Option<&StoredUser>) -> Result<Password, ApiError> {
    let Some(stored) = stored.filter(|stored| stored.user.deleted_at.is_none()) else { return Ok(Password::Wrong) };
    let examined = app.passwords.matches(password.to_owned(), stored.password_hash.clone()).await;
    let right = examined.map_err(|error| ApiError::Failed(error.into()))?;
    Ok(if right { Password::Right } else { Password::Wrong })
}
