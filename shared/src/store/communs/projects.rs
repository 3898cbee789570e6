//! Projects: reading them, and the writes of one change.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::authors::MadeVersion;
use super::{CommunsStore, keys};
use crate::identity::person_hash::{Person, PersonHash};
use crate::store::error::StoreError;
use crate::store::guard::Guard;
use crate::store::item::Item;
use crate::store::transaction::Transaction;
use domain::api_key::Service;
use domain::communs::event::{Event, EventId};
use domain::communs::project::{Project, ProjectId};
use domain::communs::values::TerritoryKind;
use domain::instant;
use domain::reference::territory;

/// A project concerned by more départements than this is listed once, as concerning the whole country: a
/// transaction takes 100 writes.
const DEPARTEMENTS_MAX: usize = 40;

/// Stands for the whole country in index `territory`.
pub const WHOLE_COUNTRY: &str = "FR";

/// A project as read, with what guards its next write.
#[derive(Clone, Debug)]
pub enum Stored {
    /// There is one.
    Live {
        /// Its state.
        project: Box<Project>,
        /// Must be unchanged when the next state is written.
        revision: u64,
    },
    /// There was one.
    Deleted,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum HeadItem {
    Live {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        all: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        territory: Option<String>,
        revision: u64,
        #[serde(serialize_with = "stored_form")]
        project: Box<Project>,
    },
    Tombstone {
        revision: u64,
        #[serde(with = "instant", rename = "deletedAt")]
        deleted_at: DateTime<Utc>,
    },
}

#[derive(Serialize)]
struct FurtherDepartementItem {
    territory: String,
}

#[derive(Serialize, Deserialize)]
struct ExternalIdItem {
    project: ProjectId,
}

/// Who changed which fields when; never a value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The version it made.
    pub version: u64,
    /// When.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// By which service.
    pub service: Service,
    /// For a `user`, or for the `service` itself.
    pub actor: String,
    /// The type of its event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Names of fields.
    pub changed: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HistoryItem {
    #[serde(flatten)]
    pub(super) entry: HistoryEntry,
    /// By which erasure finds the events of a project.
    event: EventId,
    /// The user in whose name it was made; shown to operators only, and taken out when the person is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) person: Option<PersonHash>,
}

/// What reads projects one by one, whoever asks: kept apart from the rest of the store, so that a function can see to
/// it that rights are judged wherever it is used.
#[derive(Clone, Debug)]
pub struct ProjectReader(pub(super) CommunsStore);

impl ProjectReader {
    /// A reader of the projects in `store`.
    #[must_use]
    pub fn new(store: CommunsStore) -> Self {
        Self(store)
    }

    /// The project, its tombstone, or `None` when there never was one.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn project(&self, id: ProjectId) -> Result<Option<Stored>, StoreError> {
        let item: Option<HeadItem> = self.0.get(&keys::head(id)).await?;
        Ok(item.map(HeadItem::into_stored))
    }
}

impl CommunsStore {
    /// The project a service's external id names.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn project_by_external_id(
        &self,
        service: &Service,
        external_id: &str,
    ) -> Result<Option<ProjectId>, StoreError> {
        let item: Option<ExternalIdItem> = self.get(&keys::external_id(service, external_id)).await?;
        Ok(item.map(|item| item.project))
    }

    /// Adds a new project: its head, the claim of its external id, its départements.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn create_project(&self, transaction: &mut Transaction, project: &Project) -> Result<(), StoreError> {
        for (service, external_id) in &project.external_ids {
            self.claim(transaction, project.id, service, external_id)?;
        }
        self.replace_departements(transaction, project.id, &[], &departements(project))?;
        self.put(transaction, &keys::head(project.id), &HeadItem::live(project, 1), &Guard::Absent)
    }

    /// Adds the next state of a project read at `revision`, and the external ids it claims or frees.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn update_project(
        &self,
        transaction: &mut Transaction,
        before: &Project,
        after: &Project,
        revision: u64,
    ) -> Result<(), StoreError> {
        for (service, external_id) in &after.external_ids {
            if before.external_ids.get(service) != Some(external_id) {
                self.claim(transaction, after.id, service, external_id)?;
            }
        }
        for (service, external_id) in &before.external_ids {
            if after.external_ids.get(service) != Some(external_id) {
                self.delete(transaction, &keys::external_id(service, external_id), &Guard::None)?;
            }
        }
        self.replace_departements(transaction, after.id, &departements(before), &departements(after))?;
        self.put(transaction, &keys::head(after.id), &HeadItem::live(after, revision + 1), &unchanged(revision))
    }

    /// Adds the deletion of a project read at `revision`: a tombstone stays, its external ids are free again.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn bury_project(
        &self,
        transaction: &mut Transaction,
        project: &Project,
        revision: u64,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for (service, external_id) in &project.external_ids {
            self.delete(transaction, &keys::external_id(service, external_id), &Guard::None)?;
        }
        self.replace_departements(transaction, project.id, &departements(project), &[])?;
        let tombstone = HeadItem::Tombstone { revision: revision + 1, deleted_at: at };
        self.put(transaction, &keys::head(project.id), &tombstone, &unchanged(revision))
    }

    /// Adds the history of the version an event tells of, made in the name of a user or by the service itself; an event
    /// without one leaves none.
    ///
    /// # Errors
    /// When an item cannot be built.
    pub fn add_history(
        &self,
        transaction: &mut Transaction,
        event: &Event,
        user: Option<&Person>,
    ) -> Result<(), StoreError> {
        let Some(version) = event.version() else { return Ok(()) };
        let person = user.map(|user| user.current.clone());
        let entry = HistoryEntry {
            version,
            at: event.at,
            service: event.service.clone(),
            actor: if person.is_some() { "user" } else { "service" }.to_owned(),
            kind: event.kind.name().to_owned(),
            changed: event.changed(),
        };
        let key = keys::history(event.project, version);
        self.put(transaction, &key, &HistoryItem { entry, event: event.id.clone(), person }, &Guard::None)
    }

    /// The latest versions of a project, newest first, at most `limit`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn history(&self, id: ProjectId, limit: i32) -> Result<Vec<HistoryEntry>, StoreError> {
        let history = self.query(keys::project_partition(id)).prefix(keys::HISTORY_PREFIX);
        let items: Vec<HistoryItem> = history.descending().page(limit).await?.read()?;
        Ok(items.into_iter().map(|item| item.entry).collect())
    }

    /// The versions of a project, oldest first, a page at a time after a version; the events of those of more than 90 days
    /// ago may have expired.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn versions(
        &self,
        id: ProjectId,
        after_version: u64,
        limit: i32,
    ) -> Result<Vec<MadeVersion>, StoreError> {
        let made =
            |item: HistoryItem| MadeVersion { number: item.entry.version, event: item.event, author: item.person };
        Ok(self.history_after(id, after_version, limit).await?.into_iter().map(made).collect())
    }

    pub(super) async fn history_after(
        &self,
        id: ProjectId,
        after_version: u64,
        limit: i32,
    ) -> Result<Vec<HistoryItem>, StoreError> {
        let history = self.query(keys::project_partition(id)).prefix(keys::HISTORY_PREFIX);
        let after = keys::history(id, after_version).sk;
        history.after(Some(after)).page(limit).await?.read()
    }

    fn claim(
        &self,
        transaction: &mut Transaction,
        project: ProjectId,
        service: &Service,
        external_id: &str,
    ) -> Result<(), StoreError> {
        let key = keys::external_id(service, external_id);
        self.put(transaction, &key, &ExternalIdItem { project }, &Guard::Absent)
    }

    /// The first département is on the head itself; each further one has an item of its own.
    fn replace_departements(
        &self,
        transaction: &mut Transaction,
        id: ProjectId,
        before: &[String],
        after: &[String],
    ) -> Result<(), StoreError> {
        let further = |all: &[String]| all.iter().skip(1).cloned().collect::<Vec<_>>();
        let (before, after) = (further(before), further(after));
        for code in before.iter().filter(|code| !after.contains(code)) {
            self.delete(transaction, &keys::further_departement(id, code), &Guard::None)?;
        }
        for code in after.iter().filter(|code| !before.contains(code)) {
            let item = FurtherDepartementItem { territory: keys::territory_partition(code) };
            self.put(transaction, &keys::further_departement(id, code), &item, &Guard::None)?;
        }
        Ok(())
    }
}

/// A project as it is kept: without what it has not, and its budget in cents, so that it sums exactly.
fn stored_form<S: serde::Serializer>(project: &Project, serializer: S) -> Result<S::Ok, S::Error> {
    let mut form = serde_json::to_value(project).map_err(serde::ser::Error::custom)?;
    if let Some(members) = form.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        if let Some(euros) = project.content.budget_previsionnel {
            members.insert("budgetPrevisionnel".to_owned(), json!({"cents": euros.cents()}));
        }
    }
    form.serialize(serializer)
}

impl HeadItem {
    fn live(project: &Project, revision: u64) -> Self {
        Self::Live {
            all: Some(keys::all_partition_of(project.id)),
            territory: departements(project).first().map(|code| keys::territory_partition(code)),
            revision,
            project: Box::new(project.clone()),
        }
    }

    fn into_stored(self) -> Stored {
        match self {
            Self::Live { project, revision, .. } => Stored::Live { project, revision },
            Self::Tombstone { .. } => Stored::Deleted,
        }
    }
}

/// Reads a head.
pub(super) fn stored(item: Item) -> Result<Stored, StoreError> {
    Ok(item.read::<HeadItem>()?.into_stored())
}

/// Reads a head as the lists get it.
pub(super) fn live(item: Item) -> Result<Option<Project>, StoreError> {
    Ok(match item.read()? {
        HeadItem::Live { project, .. } => Some(*project),
        HeadItem::Tombstone { .. } => None,
    })
}

fn unchanged(revision: u64) -> Guard {
    Guard::is("revision", revision)
}

/// The départements a project concerns, in order of first mention; the whole country when there are too many.
fn departements(project: &Project) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    let mut add = |code: &str| {
        if !codes.iter().any(|known| known == code) {
            codes.push(code.to_owned());
        }
    };
    for collectivite in &project.content.collectivites {
        match collectivite.kind {
            TerritoryKind::Commune => {
                if let Some(commune) = territory::commune(&collectivite.code) {
                    add(commune.departement().code());
                }
            }
            TerritoryKind::Epci => {
                for departement in
                    territory::epci(&collectivite.code).into_iter().flat_map(territory::Epci::departements)
                {
                    add(departement.code());
                }
            }
        }
    }
    if codes.len() > DEPARTEMENTS_MAX { vec![WHOLE_COUNTRY.to_owned()] } else { codes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::schema;
    use domain::communs::values::Euros;
    use serde_json::Value;

    /// As it was written before a project embedded its content.
    fn stored() -> Value {
        json!({
            "id": "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90",
            "origin": "mec",
            "externalIds": {"mec": "mec-1042"},
            "natifs": {"mec": "Opération démarrée"},
            "nom": "Halle",
            "statut": "EN_COURS",
            "collectivites": [{"type": "Commune", "code": "67482"}],
            "porteur": {
                "siret": "24670048800017", "referentEmail": null, "referentTelephone": null, "referentPrenom": null,
                "referentNom": null, "referentFonction": null,
            },
            "budgetPrevisionnel": {"cents": 1250},
            "version": 3,
            "createdAt": "2026-11-02T09:00:00.000Z",
            "updatedAt": "2026-11-12T14:31:07.214Z",
        })
    }

    #[test]
    fn the_stored_form_stays_what_it_was() {
        let item = schema::write(&json!({"revision": 7, "project": stored()})).unwrap();
        let HeadItem::Live { project, revision, .. } = schema::read(item).unwrap() else { panic!("a live project") };
        assert_eq!((revision, project.version), (7, 3));
        assert_eq!(project.content.budget_previsionnel, Euros::parse(12.5));
        let written: Value = schema::read(schema::write(&HeadItem::live(&project, 8)).unwrap()).unwrap();
        assert_eq!(written["project"], stored());
    }
}
