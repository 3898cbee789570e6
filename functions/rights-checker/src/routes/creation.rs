//! Creation of an account.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::account::{Establishment, Prospect, Role, User};
use domain::droits::creation::{Facts, Outcome, Refusal, decide};
use domain::droits::perimeter::Perimeter;
use domain::droits::portail_df::Consultation;
use domain::droits::trail::Trail;
use http::StatusCode;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::MAX_BYTES;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::openapi::{refusals as by, schemas};
use crate::session::{shown, unavailable};
use passerelle::web::values::{self, Values, given};

/// The fewest characters of a password.
const PASSWORD: usize = 12;
/// More would only cost time to hash.
const LONGEST_PASSWORD: usize = 1_000;

/// What the store says of a creation.
pub(super) struct Gathered {
    prospect: Option<Prospect>,
    establishment: Option<Establishment>,
    email_used: bool,
    test_account: bool,
}

impl Gathered {
    /// Reads everything at once.
    pub(super) async fn of(app: &App, email: &str, establishment: Uuid) -> Result<Self, ApiError> {
        let (prospect, establishment, user) = futures_util::try_join!(
            app.store.prospect(email),
            app.store.establishment(establishment),
            app.store.user_by_email(email),
        )?;
        let test_account = app.is_test_account(email);
        Ok(Self { prospect, establishment, email_used: user.is_some(), test_account })
    }

    /// The facts, with what Portail DF said if it was asked.
    pub(super) const fn facts<'a>(&'a self, consultation: Option<&'a Consultation>) -> Facts<'a> {
        Facts {
            test_account: self.test_account,
            prospect: self.prospect.as_ref(),
            establishment: self.establishment.as_ref(),
            consultation,
            email_used: self.email_used,
        }
    }
}

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

    let gathered = Gathered::of(&app, &email, establishment).await?;
    let consultation = match decide(&gathered.facts(None), app.clock.now()) {
        (Outcome::AskPortailDf, _) => Some(app.portail_df.consult(&email).await),
        _ => None,
    };
    let (app, email, consultation) = (&app, email.as_str(), consultation.as_ref());
    // The password is hashed once, and only for an account that will be.
    let hash = tokio::sync::OnceCell::new();
    let (hash, password) = (&hash, password.as_str());
    let created = deciding(|| async move {
        let gathered = Gathered::of(app, email, establishment).await?;
        let (outcome, trail) = decide(&gathered.facts(consultation), app.clock.now());
        let named = match &outcome {
            Outcome::Refused(_) => "refused",
            Outcome::Accepted { .. } => "accepted",
            Outcome::AskPortailDf | Outcome::Unavailable => "Portail DF unavailable",
        };
        audit::decided("creation", named, None, Some(establishment), &trail);
        match outcome {
            Outcome::AskPortailDf => Err(ApiError::Race),
            Outcome::Unavailable => Err(unavailable(&trail).into()),
            Outcome::Refused(refusal) => Err(refused(refusal, &trail).into()),
            Outcome::Accepted { perimeter, sirens } => {
                let hash = hash
                    .get_or_try_init(|| app.passwords.hash(password.to_owned()))
                    .await
                    .map_err(|error| ApiError::Failed(error.into()))?;
                let user = app.add_account(email, hash, establishment, &perimeter, &sirens).await?;
                Ok(json!({"user": shown(&user), "trail": trail}))
            }
        }
    })
    .await?;
    Ok((StatusCode::CREATED, Json(created)))
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

/// The code of a refusal.
pub(super) const fn code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::TestAccount => Code::TestAccount,
        Refusal::ProspectMissing => Code::ProspectMissing,
        Refusal::EstablishmentMissing => Code::EstablishmentMissing,
        Refusal::EmailUsed => Code::EmailAlreadyUsed,
        Refusal::ProspectIncomplete
        | Refusal::StructureUnknown
        | Refusal::NoCommitment
        | Refusal::AccessLevel
        | Refusal::Perimeter => Code::ProspectInvalid,
    }
}

fn refused(refusal: Refusal, trail: &Trail) -> Problem {
    let problem = Problem::new(code(refusal));
    match refusal.reason() {
        Some(reason) => problem.member("reason", reason).member("trail", json!(trail)),
        None => problem,
    }
}

impl App {
    /// C20: the user, its perimeter and memberships, and the end of the prospect, in one transaction.
    async fn add_account(
        &self,
        email: &str,
        password_hash: &str,
        establishment: Uuid,
        perimeter: &Perimeter,
        sirens: &[String],
    ) -> Result<User, ApiError> {
        let now = self.clock.now();
        let mut memberships = vec![establishment];
        for siren in sirens {
            for id in self.store.establishments_of_siren(siren).await? {
                if !memberships.contains(&id) {
                    memberships.push(id);
                }
            }
        }
        let user = User {
            id: self.ids.next(now),
            email: email.to_owned(),
            role: Role::Usual,
            establishment_id: establishment,
            suspension: None,
            deleted_at: None,
            last_authenticated_at: None,
        };
        let mut transaction = Transaction::default();
        self.store.add_user(&mut transaction, &user, password_hash)?;
        self.store.consume_prospect(&mut transaction, email)?;
        self.store.set_perimeter(&mut transaction, user.id, establishment, Some(perimeter), now)?;
        for id in memberships {
            self.store.add_membership(&mut transaction, user.id, id, true)?;
        }
        self.store.commit(transaction).await?;
        Ok(user)
    }
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
