//! Signing in and changing establishment: facts gathered, the decision carried out, the answer of both.

use domain::droits::account::{Role, User, visible_communes};
use domain::droits::connection::{Refusal, Rights};
use domain::droits::suspension::banner;
use domain::droits::trail::Trail;
use domain::instant;
use passerelle::identity::access_token::{self, Claims};
use passerelle::platform::measures::Count;
use passerelle::store::droits::{Standing, StoredUser};
use passerelle::store::transaction::Transaction;
use passerelle::web::error::ApiError;
use passerelle::web::problem::{Code, Problem};
use serde_json::{Value, json};

use crate::app::App;

/// When to come back after Portail DF could not be asked, in seconds.
const COME_BACK: u64 = 60;

/// The problem of a refusal, with its trail.
pub(crate) fn refused(refusal: Refusal, trail: &Trail, detail: Option<&str>) -> Problem {
    let code = code(refusal);
    let problem = match detail {
        Some(detail) => Problem::new(code).detail(detail),
        None => Problem::new(code),
    };
    if code == Code::StructureUnknown { problem.member("trail", json!(trail)) } else { problem }
}

/// The code of a refusal.
pub(crate) const fn code(refusal: Refusal) -> Code {
    match refusal {
        Refusal::UserMissing => Code::UserMissing,
        Refusal::UserDeleted => Code::UserDeleted,
        Refusal::Password => Code::AuthenticationFailed,
        Refusal::EstablishmentMissing => Code::EstablishmentMissing,
        Refusal::NotMember => Code::EstablishmentNotAllowed,
        Refusal::StructureUnknown => Code::StructureUnknown,
    }
}

/// Portail DF could not be asked.
pub(crate) fn unavailable(trail: &Trail) -> Problem {
    Problem::new(Code::PortailDfUnavailable).member("trail", json!(trail)).retry_after(COME_BACK)
}

/// What is to become of the user once rights were found.
pub(crate) struct Granted<'a> {
    /// The user as read.
    pub(crate) stored: &'a StoredUser,
    /// Where they stood in the establishment, as read.
    pub(crate) standing: Standing,
    /// The rights found.
    pub(crate) rights: Rights,
    /// Whether the establishment becomes the current one.
    pub(crate) moves: bool,
}

impl App {
    /// Stores what was found, in one transaction, and answers the session.
    ///
    /// # Errors
    /// [`ApiError::Race`] when the user was changed meanwhile.
    pub(crate) async fn grant(&self, granted: Granted<'_>) -> Result<Value, ApiError> {
        let Granted { stored, standing, rights, moves } = granted;
        let establishment = standing.establishment.ok_or(Code::EstablishmentMissing)?;
        let now = self.clock.now();
        let suspension = rights.suspension(stored.user.suspension.as_ref());
        let mut user = User { suspension, last_authenticated_at: Some(now), ..stored.user.clone() };
        if moves {
            user.establishment_id = establishment.id;
        }
        let mut transaction = Transaction::default();
        self.store.update_user(&mut transaction, stored, &user)?;
        let mut perimeter = standing.perimeter;
        if let Rights::Checked { perimeter: found, .. } = &rights {
            self.store.set_perimeter(&mut transaction, user.id, establishment.id, found.as_ref(), now)?;
            perimeter.clone_from(found);
        }
        self.store.commit(transaction).await?;
        if stored.user.suspension.is_none() && user.suspension.is_some() {
            Count::PeopleSuspended.one();
        }

        let memberships = self.store.memberships(user.id).await?;
        let authorized = self.store.summaries(&memberships).await?;
        let claims = Claims::new(user.id, establishment.id, user.role, now);
        let token =
            access_token::issue(&claims, &self.tokens.current()).map_err(|error| ApiError::Failed(error.into()))?;
        let mut session = json!({
            "user": shown(&user),
            "establishment": establishment,
            "accessToken": token,
            "effectiveGeoCodes": visible_communes(user.role, &establishment, perimeter.as_ref()),
            "authorizedEstablishments": authorized,
        });
        if let Some(checked) = rights.checked() {
            session["rightsChecked"] = checked.into();
        }
        let causes = banner(user.suspension.as_ref(), rights.failing());
        if !causes.is_empty() {
            session["banner"] = json!({"causes": causes});
        }
        Ok(session)
    }
}

/// A user as answers show it.
pub(crate) fn shown(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "role": user.role,
        "establishmentId": user.establishment_id,
        "suspendedAt": user.suspension.as_ref().map(|suspension| instant::text(suspension.at)),
        "suspendedCause": user.suspension.as_ref().map(|suspension| suspension.cause.clone()),
        "lastAuthenticatedAt": user.last_authenticated_at.map(instant::text),
    })
}

/// How a decision is named in the audit log.
pub(crate) fn outcome(rights: &Rights, role: Role) -> &'static str {
    match rights {
        _ if role == Role::Admin => "accepted, not checked",
        Rights::Administrator => "accepted, not checked",
        Rights::NotChecked => "accepted, Portail DF unavailable",
        Rights::Checked { suspension: Some(_), .. } => "accepted, suspended",
        Rights::Checked { suspension: None, .. } => "accepted",
    }
}
