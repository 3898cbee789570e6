//! Sign-in, and its second factor.

use axum::Json;
use axum::extract::State;
use domain::droits::decision::Decision;
use domain::droits::diagram::Flow;
use domain::droits::password::GivenPassword;
use domain::droits::sign_in::{Password, SecondFactor, SignInOutcome};
use passerelle::identity::password::{Examined, PasswordError};
use passerelle::store::droits::StoredUser;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::Code;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::attempts::Action;
use crate::audit;
use crate::caller::Origin;
use crate::decisions::{Credentials, Decided, Question};
use crate::openapi::{refusals as by, schemas};
use crate::refusals::sign_in_problem;
use crate::sessions::{CurrentEstablishment, Opening, audited};

/// `POST /authenticate`.
#[utoipa::path(
    post,
    path = "/authenticate",
    operation_id = "authenticate",
    tag = "Comptes",
    summary = "Se connecter",
    description = "Suit les nœuds L1 à L29. Si Portail DF ne répond pas, la connexion se poursuit avec ce qui est enregistré. Dix échecs par minute au plus.",
    request_body = schemas::Credentials,
    responses(
        (status = 200, description = "La personne est connectée, ou un code lui a été envoyé.", body = schemas::SignedIn),
        by::Refused<(by::Anyone, by::Connection, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn sign_in(
    State(app): State<App>,
    origin: Origin,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Credentials>,
) -> Result<Json<Value>, ApiError> {
    let (email, password) = (body.email.get()?, body.password.get()?);
    let establishment = body.establishment_id.set().map(|id| id.0);
    let attempt = app.attempts.begin(Action::SignIn, &email, &origin).await?;
    let question = app.decisions.question(email.normalised());
    let (app, question, proof) = (&app, &question, Proof::Password(&password));
    let signed_in = retry_on_conflict(|| sign_in_once(app, proof, establishment, question)).await;
    let failures = [Code::UserMissing, Code::UserDeleted, Code::AuthenticationFailed];
    attempt.settle(signed_in, &failures).await.map(Json)
}

/// `POST /authenticate/verify-2fa`.
#[utoipa::path(
    post,
    path = "/authenticate/verify-2fa",
    operation_id = "verifySecondFactor",
    tag = "Comptes",
    summary = "Confirmer par le code reçu",
    description = "`challengeId` est celui que la connexion a répondu. Un code vaut cinq minutes ; trois codes faux bloquent quinze minutes.",
    request_body = schemas::SecondFactor,
    responses(
        (status = 200, description = "La personne est connectée.", body = schemas::Session),
        by::Refused<(by::Anyone, by::SecondFactor, by::Throttled, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn verify(
    State(app): State<App>,
    origin: Origin,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::SecondFactor>,
) -> Result<Json<Value>, ApiError> {
    let (email, code) = (body.email.get()?, body.code.get()?.0);
    let challenge = body.challenge_id.set().unwrap_or_default();
    let establishment = body.establishment_id.set().map(|id| id.0);
    let attempt = app.attempts.begin(Action::SecondFactor, &email, &origin).await?;
    let question = app.decisions.question(email.normalised());
    let (app, question) = (&app, &question);
    let stored = app.store.user_by_email(email.normalised()).await?;
    let proved = match stored.as_ref().filter(|stored| stored.user.deleted_at.is_none()) {
        Some(stored) => {
            let (challenge, code) = (challenge.as_str(), code.as_str());
            retry_on_conflict(|| app.second_factors.use_code(stored, challenge, code)).await
        }
        None => Err(Code::TwoFactorFailed.into()),
    };
    attempt.settle(proved, &[Code::TwoFactorFailed]).await?;
    retry_on_conflict(|| sign_in_once(app, Proof::SecondFactor, establishment, question)).await.map(Json)
}

/// What a person proves who they are with.
#[derive(Clone, Copy)]
enum Proof<'a> {
    Password(&'a GivenPassword),
    /// The password and, now, the code.
    SecondFactor,
}

/// Decides a sign-in and carries it out.
///
/// # Errors
/// The refusal; [`ApiError::DecideAgain`] when what was read changed meanwhile.
async fn sign_in_once(
    app: &App,
    proof: Proof<'_>,
    establishment: Option<Uuid>,
    question: &Question<'_>,
) -> Result<Value, ApiError> {
    let mut stored = app.store.user_by_email(question.email()).await?;
    let (password, second_factor) = match proof {
        Proof::SecondFactor => (Password::Right, SecondFactor::Satisfied),
        Proof::Password(password) => {
            let due = if app.admin_2fa { SecondFactor::Due } else { SecondFactor::Satisfied };
            let (examined, hash) = examine(app, password, stored.as_ref()).await?;
            if let (Some(hash), Some(stored)) = (hash, &mut stored) {
                stored.password_hash = hash;
            }
            (examined, due)
        }
    };
    let credentials = Credentials { password, second_factor, establishment };
    let user = stored.as_ref().map(|stored| &stored.user);
    let Decided { decision: Decision { outcome, trail }, membership } =
        app.decisions.sign_in(user, credentials, question).await?;
    let (user, establishment) = (user.map(|user| user.id), membership.establishment.as_ref().map(|known| known.id));
    let audit = |outcome| {
        audit::record(&audit::Entry { flow: Flow::Connexion, outcome, user, establishment }, &trail);
    };
    let rights = match outcome {
        SignInOutcome::Refused(refusal) => {
            audit("refused");
            let siren = membership.establishment.map(|establishment| establishment.siren).unwrap_or_default();
            let structure_unknown = format!("Aucune structure correspondant au SIREN {siren}");
            return Err(sign_in_problem(refusal, &trail, &structure_unknown).into());
        }
        SignInOutcome::SecondFactor => None,
        SignInOutcome::Accepted(rights) => Some(rights),
    };
    let stored = stored.ok_or(Code::UserMissing)?;
    let Some(rights) = rights else {
        let challenge = app.second_factors.send_code(&stored).await?;
        audit("second factor");
        return Ok(json!({"requiresTwoFactor": true, "challengeId": challenge}));
    };
    let current = CurrentEstablishment::Kept;
    let session = app.sessions.open(Opening { stored: &stored, membership, rights: &rights, current }).await?;
    audit(audited(&rights));
    Ok(session)
}

/// Whether a password is that of the user found, and the hash to store in place of theirs, if it is outdated.
async fn examine(
    app: &App,
    password: &GivenPassword,
    stored: Option<&StoredUser>,
) -> Result<(Password, Option<String>), ApiError> {
    let failed = |error: PasswordError| ApiError::Failed(error.into());
    let Some(stored) = stored.filter(|stored| stored.user.deleted_at.is_none()) else {
        app.passwords.examine_none(password.clone()).await.map_err(failed)?;
        return Ok((Password::Wrong, None));
    };
    let examined = app.passwords.examine(password.clone(), stored.password_hash.clone()).await;
    Ok(match examined.map_err(failed)? {
        Examined::Right => (Password::Right, None),
        Examined::RightOutdated(hash) => (Password::Right, Some(hash)),
        Examined::Wrong => (Password::Wrong, None),
    })
}
