//! Sign-in, and its second factor.

use axum::Json;
use axum::extract::{Request, State};
use domain::droits::connection::{Facts, Outcome, Refusal, decide};
use domain::droits::portail_df::Consultation;
use lambda_http::request::RequestContext;
use passerelle::store::droits::{Standing, StoredUser, WINDOW};
use passerelle::web::body::MAX_BYTES;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::audit;
use crate::openapi::{refusals as by, schemas};
use crate::session::{Granted, outcome, refused};
use passerelle::web::values::{self, Values, given};

/// Attempts a minute, of one e-mail or one address.
const ATTEMPTS: u64 = 10;

/// What a sign-in begins with.
struct Attempt<'a> {
    email: &'a str,
    establishment: Option<Uuid>,
    second_factor_due: bool,
}

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

    app.admit(&format!("email:{email}")).await?;
    if let Some(address) = address {
        app.admit(&format!("address:{address}")).await?;
    }
    let attempt = Attempt { email: &email, establishment, second_factor_due: app.admin_2fa };
    let stored = app.store.user_by_email(&email).await?;
    let right = match stored.as_ref().filter(|stored| stored.user.deleted_at.is_none()) {
        Some(stored) => {
            let examined = app.passwords.matches(password, stored.password_hash.clone()).await;
            examined.map_err(|error| ApiError::Failed(error.into()))?
        }
        None => false,
    };
    app.signed_in(&attempt, right).await.map(Json)
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

    app.tokens.keep_fresh().await;
    let stored = app.store.user_by_email(&email).await?.filter(|stored| stored.user.deleted_at.is_none());
    let stored = stored.ok_or(Code::TwoFactorFailed)?;
    let (using, user, code) = (&app, &stored.user, code.as_str());
    deciding(|| using.use_code(user, code)).await?;
    let attempt = Attempt { email: &email, establishment, second_factor_due: false };
    app.signed_in(&attempt, true).await.map(Json)
}

/// Where the request comes from, as API Gateway says; a header would say whatever its sender wants.
fn address(request: &Request) -> Option<String> {
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    }
}

/// The facts of a sign-in, as the store has them.
struct Gathered {
    stored: Option<StoredUser>,
    standing: Standing,
}

impl Gathered {
    async fn of(app: &App, attempt: &Attempt<'_>) -> Result<Self, ApiError> {
        let stored = app.store.user_by_email(attempt.email).await?;
        let standing = match &stored {
            Some(stored) => {
                let establishment = attempt.establishment.unwrap_or(stored.user.establishment_id);
                app.store.standing(stored.user.id, establishment).await?
            }
            None => Standing::default(),
        };
        Ok(Self { stored, standing })
    }

    fn facts<'a>(&'a self, attempt: &Attempt<'_>, right: bool, consultation: Option<&'a Consultation>) -> Facts<'a> {
        Facts {
            user: self.stored.as_ref().map(|stored| &stored.user),
            password: Some(right),
            second_factor_due: attempt.second_factor_due,
            establishment: self.standing.establishment.as_ref(),
            member: self.standing.member,
            consultation,
        }
    }
}

impl App {
    /// Counts an attempt, and refuses one too many.
    async fn admit(&self, subject: &str) -> Result<(), ApiError> {
        if self.store.count_attempt(subject, self.clock.now()).await? > ATTEMPTS {
            return Err(Problem::new(Code::TooManyAttempts).retry_after(WINDOW.num_seconds().unsigned_abs()).into());
        }
        Ok(())
    }

    /// Decides the sign-in and carries it out.
    async fn signed_in(&self, attempt: &Attempt<'_>, right: bool) -> Result<Value, ApiError> {
        self.tokens.keep_fresh().await;
        let gathered = Gathered::of(self, attempt).await?;
        let consultation = match decide(&gathered.facts(attempt, right, None), self.clock.now()) {
            (Outcome::AskPortailDf, _) => Some(self.portail_df.consult(attempt.email).await),
            _ => None,
        };
        let consultation = consultation.as_ref();
        deciding(|| self.carry_out(attempt, right, consultation)).await
    }

    async fn carry_out(
        &self,
        attempt: &Attempt<'_>,
        right: bool,
        consultation: Option<&Consultation>,
    ) -> Result<Value, ApiError> {
        let gathered = Gathered::of(self, attempt).await?;
        let (decided, trail) = decide(&gathered.facts(attempt, right, consultation), self.clock.now());
        let Gathered { stored, standing } = gathered;
        let establishment = standing.establishment.as_ref().map(|establishment| establishment.id);
        let user = stored.as_ref().map(|stored| stored.user.id);
        let log = |outcome: &str| audit::decided("connexion", outcome, user, establishment, &trail);
        match (decided, stored) {
            (Outcome::Refused(refusal), _) => {
                log("refused");
                let siren = standing.establishment.as_ref().map(|establishment| establishment.siren.as_str());
                let detail = match (refusal, siren) {
                    (Refusal::StructureUnknown, Some(siren)) => {
                        Some(format!("Aucune structure correspondant au SIREN {siren}"))
                    }
                    _ => None,
                };
                Err(refused(refusal, &trail, detail.as_deref()).into())
            }
            (Outcome::TwoFactor, Some(stored)) => {
                self.send_code(&stored.user).await?;
                log("second factor");
                Ok(json!({"requiresTwoFactor": true}))
            }
            (Outcome::Accepted(rights), Some(stored)) => {
                log(outcome(&rights, stored.user.role));
                self.grant(Granted { stored: &stored, standing, rights, moves: false }).await
            }
            // What was read changed since Portail DF was asked, or was not.
            (Outcome::AskPortailDf, _) | (_, None) => Err(ApiError::Race),
        }
    }
}
