//! Creation of an account.

use axum::Json;
use axum::extract::State;
use domain::droits::account::{Role, User};
use domain::droits::creation::CreationOutcome;
use domain::droits::decision::Decision;
use domain::droits::diagram::Flow;
use domain::droits::password::NewPassword;
use domain::droits::perimeter::Perimeter;
use domain::reference::email::Email;
use http::StatusCode;
use passerelle::store::droits::Purpose;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::ValidBody;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::parameters::NoQuery;
use passerelle::web::problem::Code;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::app::App;
use crate::attempts::Action;
use crate::audit;
use crate::caller::Origin;
use crate::decisions::Question;
use crate::links;
use crate::openapi::{refusals as by, schemas};
use crate::refusals::{creation_problem, portail_df_unavailable};

/// `POST /users/creation`.
#[utoipa::path(
    post,
    path = "/users/creation",
    operation_id = "createUser",
    tag = "Comptes",
    summary = "Créer un compte",
    description = "Demande la preuve que la personne lit l'adresse : le `signupToken` du lien reçu par courriel, ou la clé `manage` de ZLV, qui l'a prouvée. Suit les nœuds C1 à C20. Rien n'est enregistré si un seul contrôle échoue ; le refus donne sa raison et le chemin.",
    request_body = schemas::Creation,
    responses(
        (status = 201, description = "Le compte est créé.", body = schemas::Created),
        by::Refused<(by::Anyone, by::Creation, by::Throttled, by::Body,)>,
    ),
    security((), ("apiKey" = ["manage"])),
)]
pub(super) async fn create(
    State(app): State<App>,
    origin: Origin,
    _: NoQuery,
    ValidBody(body): ValidBody<schemas::Creation>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (email, password) = (body.email.get()?, body.password.get()?);
    let establishment = body.establishment_id.get()?.0;
    let token = body.signup_token.set();
    if token.is_none() && !origin.proves_mailboxes {
        return Err(Code::MailboxNotProved.into());
    }
    let attempt = app.attempts.begin(Action::Creation, &email, &origin).await?;
    let created = create_proved(&app, &email, &password, establishment, token.as_deref()).await;
    let created = attempt.settle(created, &FAILURES).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// The refusals that tell something about somebody: those that are guessed for.
const FAILURES: [Code; 6] = [
    Code::MailboxNotProved,
    Code::TestAccount,
    Code::ProspectMissing,
    Code::ProspectInvalid,
    Code::EstablishmentMissing,
    Code::EmailAlreadyUsed,
];

/// Creates an account for somebody whose mailbox ZLV has proved, or who brings the token of the link sent there.
async fn create_proved(
    app: &App,
    email: &Email,
    password: &NewPassword,
    establishment: Uuid,
    token: Option<&str>,
) -> Result<Value, ApiError> {
    let email = email.normalised();
    let link = match token {
        Some(token) => {
            let (hash, link) = links::present(app, token, Purpose::Signup).await?;
            if link.email != email {
                return Err(Code::MailboxNotProved.into());
            }
            Some(hash)
        }
        None => None,
    };
    let question = app.decisions.question(email);
    let account = NewAccount { email, password, hash: OnceCell::new(), establishment, link };
    let (account, question) = (&account, &question);
    retry_on_conflict(|| create_once(app, account, question)).await
}

/// An account asked for.
struct NewAccount<'a> {
    email: &'a str,
    password: &'a NewPassword,
    /// Made once, and only for an account that will be.
    hash: OnceCell<String>,
    establishment: Uuid,
    /// The hash of the link that proved the mailbox, to be used up.
    link: Option<String>,
}

/// Decides a creation and carries it out.
///
/// # Errors
/// The refusal; [`ApiError::DecideAgain`] when what was read changed meanwhile.
async fn create_once(app: &App, account: &NewAccount<'_>, question: &Question<'_>) -> Result<Value, ApiError> {
    let Decision { outcome, trail } = app.decisions.creation(account.establishment, question).await?;
    let establishment = Some(account.establishment);
    let audit = |outcome, user| {
        audit::record(&audit::Entry { flow: Flow::Creation, outcome, user, establishment }, &trail);
    };
    match outcome {
        CreationOutcome::Unavailable => {
            audit("Portail DF unavailable", None);
            Err(portail_df_unavailable(&trail).into())
        }
        CreationOutcome::Refused(refusal) => {
            audit("refused", None);
            Err(creation_problem(refusal, &trail).into())
        }
        CreationOutcome::Accepted { perimeter, sirens } => {
            let user = add_account(app, account, &perimeter, &sirens).await?;
            audit("accepted", Some(user.id));
            Ok(json!({"user": schemas::user(&user), "trail": trail}))
        }
    }
}

/// C20: the user, its perimeter and memberships, and the end of the prospect, in one transaction.
async fn add_account(
    app: &App,
    account: &NewAccount<'_>,
    perimeter: &Perimeter,
    sirens: &[String],
) -> Result<User, ApiError> {
    let NewAccount { email, password, hash, establishment, link } = account;
    let hash = hash.get_or_try_init(|| app.passwords.hash(password.as_given().clone())).await;
    let hash = hash.map_err(|error| ApiError::Failed(error.into()))?;
    let now = app.clock.now();
    let mut memberships = vec![*establishment];
    for siren in sirens {
        for id in app.store.establishments_of_siren(siren).await? {
            if !memberships.contains(&id) {
                memberships.push(id);
            }
        }
    }
    let user = User {
        id: app.ids.next(now),
        email: (*email).to_owned(),
        role: Role::Usual,
        establishment_id: *establishment,
        suspension: None,
        created_at: Some(now),
        deleted_at: None,
        last_authenticated_at: None,
        deletion_announced: None,
    };
    let mut transaction = Transaction::default();
    app.store.add_user(&mut transaction, &user, hash)?;
    app.store.consume_prospect(&mut transaction, email)?;
    if let Some(link) = link {
        app.store.use_link(&mut transaction, link)?;
    }
    app.store.set_perimeter(&mut transaction, user.id, *establishment, Some(perimeter), now)?;
    for id in memberships {
        app.store.add_membership(&mut transaction, user.id, id, true)?;
    }
    app.store.commit(transaction).await?;
    Ok(user)
}
