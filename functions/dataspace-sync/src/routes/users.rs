//! Users as La Coop registers them.

use axum::Json;
use axum::extract::{Path, Request, State};
use domain::coop::user::{Identity, User};
use http::StatusCode;
use passerelle::store::transaction::Transaction;
use passerelle::web::body::MAX_BYTES;
use passerelle::web::deciding::deciding;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Problem;
use passerelle::web::values::{self, Values, given};
use serde_json::Value;
use uuid::Uuid;

use super::user_id;
use crate::app::App;
use crate::caller::CoopCaller;
use crate::openapi::{refusals as by, schemas};

/// `PUT /users/{id}`.
#[utoipa::path(
    put,
    path = "/users/{id}",
    operation_id = "registerUser",
    tag = "Utilisateurs",
    summary = "Enregistrer un utilisateur",
    description = "Remplace ce que La Coop en dit. Rien n'est envoyé à Brevo.",
    params(schemas::UserPath),
    request_body = schemas::Registration,
    responses(
        (status = 200, description = "L'utilisateur était connu.", body = schemas::UserView),
        (status = 201, description = "L'utilisateur est nouveau.", body = schemas::UserView),
        by::Refused<(by::Caller, by::User, by::Body,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn register(
    State(app): State<App>,
    _: CoopCaller,
    Path(id): Path<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let id = user_id(&id)?;
    let identity = identity(&values::json(request, MAX_BYTES).await?)?;
    let status = deciding(|| app.register(id, identity.clone())).await?;
    Ok((status, Json(app.view(&app.existing(id).await?).await?)))
}

/// `GET /users/{id}`.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "readUser",
    tag = "Utilisateurs",
    summary = "Lire un utilisateur",
    description = "Ses rôles, tous ses emplois avec leurs structures, ses lieux d'activité, sa dernière synchronisation.",
    params(schemas::UserPath),
    responses(
        (status = 200, description = "L'utilisateur.", body = schemas::UserView),
        by::Refused<(by::Caller, by::User,)>,
    ),
    security(("apiKey" = ["sync"])),
)]
pub(super) async fn read(
    State(app): State<App>,
    _: CoopCaller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let profile = app.existing(user_id(&id)?).await?;
    Ok(Json(app.view(&profile).await?))
}

impl App {
    async fn register(&self, id: Uuid, identity: Identity) -> Result<StatusCode, ApiError> {
        let stored = self.store.user(id).await?;
        let (status, user) = match &stored {
            None => (StatusCode::CREATED, User::registered(id, identity)),
            Some(stored) => (StatusCode::OK, stored.user.clone().identified(identity)),
        };
        if stored.as_ref().is_none_or(|stored| stored.user != user) {
            let mut transaction = Transaction::default();
            self.store.put_user(&mut transaction, stored.as_ref(), &user)?;
            self.store.commit(transaction).await?;
        }
        Ok(status)
    }
}

fn identity(body: &Value) -> Result<Identity, Problem> {
    let mut values = Values::of(body, "", &["email", "prenom", "nom", "telephone"])?;
    let trimmed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let email = values.email()?;
    let prenom = values.required("prenom", "texte vide", trimmed)?;
    let nom = values.required("nom", "texte vide", trimmed)?;
    let telephone = values.optional("telephone", "texte", |text| Some(text.to_owned()))?;
    values.checked()?;
    Ok(Identity { email: given(email)?, prenom: given(prenom)?, nom: given(nom)?, telephone })
}
