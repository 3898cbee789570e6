//! Sessions: what a sign-in and a change of establishment store and answer once they are accepted.

use domain::droits::account::{User, visible_communes};
use domain::droits::retention::Terms;
use domain::droits::rights::Rights;
use domain::instant;
use passerelle::identity::access_token::{self, Claims};
use passerelle::platform::clock::Clock;
use passerelle::platform::measures::Count;
use passerelle::platform::secrets::RotatingKeys;
use passerelle::store::droits::{DroitsStore, Membership, StoredUser};
use passerelle::store::transaction::Transaction;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::{Value, json};

use crate::openapi::schemas;

/// Opens sessions.
pub(crate) struct Sessions {
    pub(crate) store: DroitsStore,
    pub(crate) tokens: RotatingKeys,
    pub(crate) clock: Clock,
    pub(crate) terms: Terms,
}

/// A session to open.
pub(crate) struct Opening<'a> {
    /// The user as read.
    pub(crate) stored: &'a StoredUser,
    /// What was stored of them in the establishment, as read.
    pub(crate) membership: Membership,
    /// The rights found.
    pub(crate) rights: &'a Rights,
    pub(crate) current: CurrentEstablishment,
}

/// Whether the establishment of a session becomes the user's current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CurrentEstablishment {
    Kept,
    Moved,
}

impl Sessions {
    /// Stores the rights found, in one transaction, and answers the session.
    ///
    /// # Errors
    /// [`ApiError::DecideAgain`] when the user was changed meanwhile.
    pub(crate) async fn open(&self, opening: Opening<'_>) -> Result<Value, ApiError> {
        let Opening { stored, membership, rights, current } = opening;
        let establishment = membership.establishment.ok_or(Code::EstablishmentMissing)?;
        let now = self.clock.now();
        let suspension = rights.suspension(stored.user.suspension.as_ref());
        let mut user =
            User { suspension, last_authenticated_at: Some(now), deletion_announced: None, ..stored.user.clone() };
        if current == CurrentEstablishment::Moved {
            user.establishment_id = establishment.id;
        }
        let mut transaction = Transaction::default();
        self.store.update_user(&mut transaction, stored, &user)?;
        let mut perimeter = membership.perimeter;
        if let Rights::Checked { perimeter: found, .. } = rights {
            self.store.set_perimeter(&mut transaction, user.id, establishment.id, found.as_ref(), now)?;
            perimeter = found.clone().into();
        }
        self.store.commit(transaction).await?;
        if stored.user.suspension.is_none() && user.suspension.is_some() {
            Count::PeopleSuspended.one();
        }

        let memberships = self.store.memberships(user.id).await?;
        let authorized = self.store.summaries(&memberships).await?;
        let token = self.issue(&Claims::new(&user, establishment.id, stored.credentials_version, now)).await?;
        let mut session = json!({
            "user": schemas::user(&user),
            "establishment": establishment,
            "accessToken": token,
            "effectiveGeoCodes": visible_communes(user.role, &establishment, &perimeter),
            "authorizedEstablishments": authorized,
        });
        if let Some(checked) = rights.are_checked() {
            session["rightsChecked"] = checked.into();
        }
        if let Some(until) = self.terms.kept_until(user.role, now) {
            session["keptUntil"] = instant::text(until).into();
        }
        let causes = rights.banner(user.suspension.as_ref());
        if !causes.is_empty() {
            session["banner"] = json!({"causes": causes});
        }
        Ok(session)
    }
}

impl Sessions {
    /// The token of these claims.
    ///
    /// # Errors
    /// When it cannot be written, which it has no reason for.
    pub(crate) async fn issue(&self, claims: &Claims) -> Result<String, ApiError> {
        self.tokens.keep_fresh().await;
        access_token::issue(claims, &self.tokens.current()).map_err(|error| ApiError::Failed(error.into()))
    }
}

/// How rights are named in the audit log.
pub(crate) const fn audited(rights: &Rights) -> &'static str {
    match rights {
        Rights::Administrator => "accepted, not checked",
        Rights::NotChecked => "accepted, Portail DF unavailable",
        Rights::NeverChecked => "accepted, Portail DF unavailable, never checked",
        Rights::Checked { suspension: Some(_), .. } => "accepted, suspended",
        Rights::Checked { suspension: None, .. } => "accepted",
    }
}
