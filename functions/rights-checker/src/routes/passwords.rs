//! Passwords of people who have an account: chosen by a mailed link, changed with the old one; sign-out everywhere.
//!
//! Source: docs/spec/droits.md#passwords

use axum::Json;
use axum::extract::State;
use domain::reference::email::Email;
use http::StatusCode;
use passerelle::identity::access_token::Claims;
use passerelle::identity::password::{Examined, PasswordError};
use passerelle::store::droits::{Purpose, StoredUser};
use passerelle::store::transaction::Transaction;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::app::App;
use crate::attempts::Action;
use crate::audit::{self, Deed};
use crate::caller::{Origin, UserCaller};
use crate::links;
use crate::openapi::{refusals as by, schemas};

/// `POST /password-resets/completion`.
#[utoipa::path(
    post,
    path = "/password-resets/completion",
    operation_id = "completePasswordReset",
    tag = "Comptes",
    summary = "Choisir un autre mot de passe par le lien reçu",
    description = "Le jeton est celui du lien reçu par courriel ; il ne sert qu'une fois. Toutes les sessions de la personne prennent fin.",
    request_body = schemas::ResetCompletion,
    responses(
        (status = 204, description = "Le mot de passe est changé."),
        by::Refused<(by::Anyone, by::Mailbox, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn complete_reset(
    State(app): State<App>,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::ResetCompletion>,
) -> Result<StatusCode, ApiError> {
    let (token, password) = (body.token.get()?, body.password.get()?);
    let (hash, link) = links::present(&app, &token, Purpose::PasswordReset).await?;
    let password_hash = app.passwords.hash(password.as_given().clone()).await.map_err(failed)?;
    let (app, hash, link, password_hash) = (&app, hash.as_str(), &link, password_hash.as_str());
    retry_on_conflict(|| async move {
        let stored = app.store.user_by_email(&link.email).await?;
        let stored = stored.filter(|stored| {
            stored.user.deleted_at.is_none() && stored.credentials_version == link.credentials_version
        });
        let stored = stored.ok_or(Code::MailboxNotProved)?;
        let mut transaction = Transaction::default();
        app.store.use_link(&mut transaction, hash)?;
        replace_credentials(app, transaction, &stored, Some(password_hash)).await?;
        audit::record_deed(Deed::PasswordReset, stored.user.id, "the person");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// `POST /account/password`.
#[utoipa::path(
    post,
    path = "/account/password",
    operation_id = "changePassword",
    tag = "Comptes",
    summary = "Changer de mot de passe",
    description = "L'ancien mot de passe est demandé. Toutes les sessions de la personne prennent fin ; la réponse porte le jeton de la nouvelle.",
    request_body = schemas::PasswordChange,
    responses(
        (status = 200, description = "Le mot de passe est changé.", body = schemas::NewToken),
        by::Refused<(by::Person, by::CurrentPassword, by::Body,)>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn change(
    State(app): State<App>,
    origin: Origin,
    caller: UserCaller,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::PasswordChange>,
) -> Result<Json<Value>, ApiError> {
    let (current, password) = (body.current_password.get()?, body.password.get()?);
    let UserCaller { stored, establishment } = caller;
    let email = Email::parse(&stored.user.email).map_err(|error| ApiError::Failed(error.into()))?;
    let attempt = app.attempts.begin(Action::PasswordChange, &email, &origin).await?;
    let examined = app.passwords.examine(current, stored.password_hash.clone()).await.map_err(failed)?;
    let right = if examined == Examined::Wrong { Err(Code::AuthenticationFailed.into()) } else { Ok(()) };
    attempt.settle(right, &[Code::AuthenticationFailed]).await?;
    let password_hash = app.passwords.hash(password.as_given().clone()).await.map_err(failed)?;
    // A race lost is the answer: the credentials that were examined may not be those that are stored now.
    let version = replace_credentials(&app, Transaction::default(), &stored, Some(&password_hash)).await?;
    audit::record_deed(Deed::PasswordChange, stored.user.id, "the person");
    let token = app.sessions.issue(&Claims::new(&stored.user, establishment, version, app.clock.now())).await?;
    Ok(Json(json!({"accessToken": token})))
}

/// `POST /account/sign-out-everywhere`.
#[utoipa::path(
    post,
    path = "/account/sign-out-everywhere",
    operation_id = "signOutEverywhere",
    tag = "Comptes",
    summary = "Se déconnecter partout",
    description = "Tous les jetons de la personne, celui-ci compris, ne valent plus rien.",
    responses(
        (status = 204, description = "Toutes les sessions ont pris fin."),
        by::Refused<by::Person>,
    ),
    security(("accessToken" = [])),
)]
pub(super) async fn sign_out_everywhere(
    State(app): State<App>,
    caller: UserCaller,
    _: NoQuery,
) -> Result<StatusCode, ApiError> {
    let (app, id) = (&app, caller.stored.user.id);
    retry_on_conflict(|| async move {
        let stored = app.store.user(id).await?.ok_or(Code::Unauthenticated)?;
        replace_credentials(app, Transaction::default(), &stored, None).await?;
        audit::record_deed(Deed::SignOutEverywhere, id, "the person");
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Ends every session of a user read as `stored`, gives them another password if one is brought, and answers the
/// version of their credentials from now on.
async fn replace_credentials(
    app: &App,
    mut transaction: Transaction,
    stored: &StoredUser,
    password_hash: Option<&str>,
) -> Result<u64, ApiError> {
    let mut next = stored.clone();
    next.credentials_version += 1;
    if let Some(hash) = password_hash {
        hash.clone_into(&mut next.password_hash);
    }
    app.store.update_user(&mut transaction, &next, &stored.user)?;
    app.store.commit(transaction).await?;
    Ok(next.credentials_version)
}

fn failed(error: PasswordError) -> ApiError {
    ApiError::Failed(error.into())
}
