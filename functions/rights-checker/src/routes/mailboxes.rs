//! Links to create an account, and to choose another password. The answer is always the same and takes as long: whether
//! a mail leaves is decided when it is sent.
//!
//! Source: docs/spec/droits.md#mailboxes-proved

use axum::extract::State;
use chrono::TimeDelta;
use domain::reference::email::Email;
use http::StatusCode;
use passerelle::store::droits::{Mail, MailContent};
use passerelle::store::transaction::Transaction;
use passerelle::web::body::ValidBody;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;

use crate::app::App;
use crate::attempts::Action;
use crate::caller::Origin;
use crate::openapi::{refusals as by, schemas};

/// How long a link is good.
const GOOD_FOR: TimeDelta = TimeDelta::hours(24);

/// `POST /signup-links`.
#[utoipa::path(
    post,
    path = "/signup-links",
    operation_id = "requestSignupLink",
    tag = "Comptes",
    summary = "Demander un lien de création de compte",
    description = "La réponse est toujours la même. Une demande de compte complète et sans compte reçoit un courriel avec un lien à usage unique, valable 24 heures : son jeton est le `signupToken` de la création.",
    request_body = schemas::Mailbox,
    responses(
        (status = 202, description = "La demande est prise en compte, quelle que soit l'adresse."),
        by::Refused<(by::Anyone, by::Throttled, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn request_signup_link(
    State(app): State<App>,
    origin: Origin,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Mailbox>,
) -> Result<StatusCode, ApiError> {
    add_mail(&app, Action::SignupLink, MailContent::SignupLink, body.email.get()?, &origin).await
}

/// `POST /password-resets`.
#[utoipa::path(
    post,
    path = "/password-resets",
    operation_id = "requestPasswordReset",
    tag = "Comptes",
    summary = "Demander un lien de changement de mot de passe",
    description = "La réponse est toujours la même. Une adresse qui a un compte reçoit un courriel avec un lien à usage unique, valable 24 heures.",
    request_body = schemas::Mailbox,
    responses(
        (status = 202, description = "La demande est prise en compte, quelle que soit l'adresse."),
        by::Refused<(by::Anyone, by::Throttled, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn request_password_reset(
    State(app): State<App>,
    origin: Origin,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Mailbox>,
) -> Result<StatusCode, ApiError> {
    add_mail(&app, Action::PasswordReset, MailContent::PasswordReset, body.email.get()?, &origin).await
}

async fn add_mail(
    app: &App,
    action: Action,
    content: MailContent,
    email: Email,
    origin: &Origin,
) -> Result<StatusCode, ApiError> {
    // Each request counts: whether it is one too many, nothing else tells.
    app.attempts.begin(action, &email, origin).await?.fail().await?;
    let now = app.clock.now();
    let mail = Mail { id: app.ids.next(now), to: email.normalised().to_owned(), content, good_until: now + GOOD_FOR };
    let mut transaction = Transaction::default();
    app.store.add_mail(&mut transaction, &mail, now)?;
    app.store.commit(transaction).await?;
    app.mails.announce(mail.id).await;
    Ok(StatusCode::ACCEPTED)
}
