//! Users as La Coop registers and reads them.

use domain::coop::user::{Identity, User};
use http::StatusCode;
use passerelle::store::coop::{CoopStore, Profile};
use passerelle::store::transaction::Transaction;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use passerelle::web::problem::Code;
use serde_json::Value;
use uuid::Uuid;

use crate::view;

/// The users of La Coop.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) store: CoopStore,
}

impl Users {
    /// A user, deleted or not.
    pub(crate) async fn find(&self, id: Uuid) -> Result<Profile, ApiError> {
        Ok(self.store.profile(id).await?.ok_or(Code::UserNotFound)?)
    }

    /// A user who may be synchronised.
    pub(crate) async fn find_living(&self, id: Uuid) -> Result<Profile, ApiError> {
        let profile = self.find(id).await?;
        if profile.stored.user.deleted { Err(Code::UserDeleted.into()) } else { Ok(profile) }
    }

    /// Registers a user: 201 when they are new, 200 when they are known.
    pub(crate) async fn register(&self, id: Uuid, identity: &Identity) -> Result<StatusCode, ApiError> {
        retry_on_conflict(async || {
            let stored = self.store.user(id).await?;
            let (status, user) = match &stored {
                None => (StatusCode::CREATED, User::registered(id, identity.clone())),
                Some(stored) => (StatusCode::OK, stored.user.clone().identified(identity.clone())),
            };
            if stored.as_ref().is_none_or(|stored| stored.user != user) {
                let mut transaction = Transaction::default();
                self.store.put_user(&mut transaction, stored.as_ref(), &user)?;
                self.store.commit(transaction).await?;
            }
            Ok(status)
        })
        .await
    }

    /// What the API shows of a user, with all that is kept of them.
    pub(crate) async fn view(&self, profile: &Profile) -> Result<Value, ApiError> {
        let employers = profile.emplois.iter().map(|emploi| emploi.structure);
        let places = profile.lieux.iter().map(|lieu| lieu.structure);
        let known = self.store.look_up(&Default::default(), employers.chain(places)).await?;
        Ok(view::user_to_json(profile, &known))
    }
}
