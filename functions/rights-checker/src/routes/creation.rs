//! Creation of an account.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::account::{Role, User};
use domain::droits::creation::CreationOutcome;
use domain::droits::decision::Decision;
use domain::droits::diagram::Flow;
use domain::droits::perimeter::Perimeter;
use http::StatusCode;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::MAX_BYTES;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::decisions::Question;
use crate::openapi::{refusals as by, schemas};
use crate::refusals::{creation_problem, portail_df_unavailable};
use passerelle::web::values::{self, Values, given};

/// The fewest characters of a password.
const PASSWORD: usize = 12;
/// More would only cost time to hash.
const LONGEST_PASSWORD: usize = 1_000;

/// `POST /users/creation`.
#[utoipa::path(
    post,
    path = "/users/creation",
    operation_id = "createUser",
    tag = "Comptes",
    summary = "Créer un compte",
    description = "Suit les nœuds C1 à C20. Rien n'est enregistré si un seul contrôle échoue ; le refus donne sa raison et le chemin.",
    request_body = schemas::Creation,
    responses(
        (status = 201, description = "Le compte est créé.", body = schemas::Created),
        by::Refused<(by::Anyone, by::Creation, by::Body,)>,
    ),
    security(()),
)]
pub(super) async fn create(State(app): State<App>, request: Request) -> Result<(StatusCode, Json<Value>), ApiError> {
    let body = values::json(request, MAX_BYTES).await?;
    let mut values = Values::of(&body, "", &["email", "password", "establishmentId"])?;
    let email = values.email()?;
    let password = values.required(
        "password",
        "12 caractères au moins, dont une majuscule, une minuscule et un chiffre",
        strong,
    )?;
    let establishment = values.id("establishmentId")?;
    values.checked()?;
    let (email, password, establishment) = (given(email)?, given(password)?, given(establishment)?);

    let question = app.decisions.question(&email);
    let account = NewAccount { email: &email, password: &password, hash: OnceCell::new(), establishment };
    let (app, account, question) = (&app, &account, &question);
    let created = retry_on_conflict(|| attempt(app, account, question)).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// An account asked for.
struct NewAccount<'a> {
    email: &'a str,
    password: &'a str,
    /// Made once, and only for an account that will be.
    hash: OnceCell<String>,
    establishment: Uuid,
}

/// Decides a creation and carries it out.
///
/// # Errors
/// The refusal; [`ApiError::DecideAgain`] when what was read changed meanwhile.
async fn attempt(app: &App, account: &NewAccount<'_>, question: &Question<'_>) -> Result<Value, ApiError> {
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
    let NewAccount { email, password, hash, establishment } = account;
    let hash = hash.get_or_try_init(|| app.passwords.hash((*password).to_owned())).await;
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
        deleted_at: None,
        last_authenticated_at: None,
    };
    let mut transaction = Transaction::default();
    app.store.add_user(&mut transaction, &user, hash)?;
    app.store.consume_prospect(&mut transaction, email)?;
    app.store.set_perimeter(&mut transaction, user.id, *establishment, Some(perimeter), now)?;
    for id in memberships {
        app.store.add_membership(&mut transaction, user.id, id, true)?;
    }
    app.store.commit(transaction).await?;
    Ok(user)
}

fn strong(password: &str) -> Option<String> {
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let length = password.chars().count();
    let strong = (PASSWORD..=LONGEST_PASSWORD).contains(&length)
        && has(char::is_uppercase)
        && has(char::is_lowercase)
        && has(|c| c.is_ascii_digit());
    strong.then(|| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_counted_in_characters() {
        for good in ["Motdepasse2026", "Éléphante123", "ÀÉ12345678ab"] {
            assert!(strong(good).is_some(), "{good}");
        }
        for bad in ["Court2026aa", "sansmajuscule2026", "SansAucunChiffre", "SANSMINUSCULE1", "Éééééé1", ""] {
            assert!(strong(bad).is_none(), "{bad}");
        }
    }
}
