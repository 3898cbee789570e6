//! The import of places of activity, once: each place by itself, so that an import that breaks off is resumed.

use std::collections::BTreeSet;

use domain::coop::history::HistoryRecorder;
use domain::coop::ids::IdSource;
use domain::coop::lieux::{self, Counts, Import};
use domain::coop::payload::Payload;
use domain::coop::user::User;
use passerelle::platform::clock::Clock;
use passerelle::platform::ids::Ids;
use passerelle::store::coop::CoopStore;
use passerelle::store::transaction::Transaction;
use passerelle::web::conflict::retry_on_conflict;
use passerelle::web::error::ApiError;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::users::Users;

/// Imports the places of activity of an inscription.
#[derive(Clone)]
pub(crate) struct LieuImport {
    pub(crate) users: Users,
    pub(crate) store: CoopStore,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
}

impl LieuImport {
    /// Links the places of a payload to a user, and stamps the import when all could be read.
    pub(crate) async fn run(&self, user: Uuid, payload: &Payload) -> Result<Counts, ApiError> {
        let done = Mutex::new(BTreeSet::new());
        let counts = retry_on_conflict(|| self.link_all(user, payload, &done)).await?;
        if !payload.lieux_quarantined() {
            retry_on_conflict(async || {
                let stored = self.users.find_living(user).await?.stored;
                let stamped = User {
                    imported_lieux_from_dataspace: Some(self.clock.now()),
                    importing_lieux: false,
                    ..stored.user.clone()
                };
                let mut transaction = Transaction::default();
                self.store.put_user(&mut transaction, &stored, &stamped)?;
                Ok(self.store.commit(transaction).await?)
            })
            .await?;
        }
        Ok(counts)
    }

    /// Links whatever is not linked yet. `done` gathers what this import linked, however often it is decided again.
    async fn link_all(&self, user: Uuid, payload: &Payload, done: &Mutex<BTreeSet<Uuid>>) -> Result<Counts, ApiError> {
        let now = self.clock.now();
        let profile = self.users.find_living(user).await?;
        let known = self.store.look_up(&lieux::lookups(payload), []).await?;
        let linked = profile.lieux.iter().map(|lieu| lieu.structure).collect();
        let imports = lieux::imports(payload, &linked, &known, now, IdSource::new(&|| self.ids.next(now)));
        for import in &imports {
            self.link(user, import).await?;
            if import.link.is_some() {
                done.lock().await.insert(import.structure);
            }
        }
        Ok(lieux::count(payload, &imports, &*done.lock().await))
    }

    async fn link(&self, user: Uuid, import: &Import) -> Result<(), ApiError> {
        let now = self.clock.now();
        let mut transaction = Transaction::default();
        self.store.create_structures(&mut transaction, import.created.as_slice())?;
        if import.undeleted {
            self.store.undelete_structure(&mut transaction, import.structure)?;
        }
        if let Some(link) = &import.link {
            let make = || self.ids.next(now);
            let mut recorder = HistoryRecorder::new(now, IdSource::new(&make));
            recorder.record_lieu(link);
            self.store.add_lieu(&mut transaction, user, link)?;
            self.store.add_changes(&mut transaction, user, &recorder.into_changes())?;
        }
        if transaction.is_empty() { Ok(()) } else { Ok(self.store.commit(transaction).await?) }
    }
}
