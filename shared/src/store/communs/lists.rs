//! Lists of projects: what a user may read, or all, filtered, in order of creation, in full pages.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::projects::{WHOLE_COUNTRY, live};
use super::{CommunsStore, keys};
use crate::identity::person_hash::Person;
use crate::store::batch::KEYS_AT_A_TIME;
use crate::store::error::StoreError;
use crate::store::item::Item;
use crate::store::merge::Merge;
use crate::store::query::Index;
use domain::api_key::Service;
use domain::communs::permission::Grant;
use domain::communs::project::{Project, ProjectId};
use domain::communs::statut::Generic;
use domain::communs::values::{Collectivite, TerritoryKind};
use domain::reference::territory::{self, Commune, Departement, Epci, Region};

/// How many candidates are read at a time: one `BatchGetItem`.
const CANDIDATES: usize = KEYS_AT_A_TIME;
/// How many keys a partition of an index is asked for at a time.
const KEYS_PER_PAGE: i32 = 25;

/// Which projects are wanted; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this generic status.
    pub statut: Option<Generic>,
    /// Naming this commune.
    pub commune: Option<Commune>,
    /// Naming this EPCI or one of its communes.
    pub epci: Option<Epci>,
    /// Naming a commune of this département, or an EPCI with a member in it.
    pub departement: Option<Departement>,
    /// The same for a région.
    pub region: Option<Region>,
    /// Created by this service or linked to it.
    pub service: Option<Service>,
    /// Changed at this instant or later.
    pub updated_since: Option<DateTime<Utc>>,
}

/// A page of projects.
pub struct Page {
    /// In order of creation.
    pub projects: Vec<Project>,
    /// There are more after the last one.
    pub more: bool,
}

impl Filter {
    /// Whether a project is wanted.
    #[must_use]
    pub fn accepts(&self, project: &Project) -> bool {
        let named = |test: &dyn Fn(&Collectivite) -> bool| project.content.collectivites.iter().any(test);
        self.statut.is_none_or(|statut| project.content.statut == statut)
            && self.service.as_ref().is_none_or(|service| project.concerns(service))
            && self.updated_since.is_none_or(|since| project.updated_at >= since)
            && self
                .commune
                .is_none_or(|commune| named(&|c| c.kind == TerritoryKind::Commune && c.code == commune.code()))
            && self.epci.is_none_or(|epci| {
                named(&|c| match c.kind {
                    TerritoryKind::Epci => c.code == epci.code(),
                    TerritoryKind::Commune => territory::commune(&c.code).and_then(Commune::epci) == Some(epci),
                })
            })
            && self.departement.is_none_or(|wanted| named(&|c| departements(c).any(|d| d == wanted)))
            && self.region.is_none_or(|wanted| named(&|c| departements(c).any(|d| d.region() == wanted)))
    }

    /// The partitions of an index that hold every project this filter can accept.
    fn partitions(&self) -> (Index, Vec<String>) {
        let departements: Option<Vec<Departement>> = match (self.commune, self.epci, self.departement, self.region) {
            (Some(commune), ..) => Some(vec![commune.departement()]),
            (_, Some(epci), ..) => Some(epci.departements().collect()),
            (_, _, Some(departement), _) => Some(vec![departement]),
            (_, _, _, Some(region)) => Some(region.departements().collect()),
            _ => None,
        };
        match departements {
            Some(departements) => {
                let codes = departements.iter().map(|departement| departement.code()).chain([WHOLE_COUNTRY]);
                (keys::TERRITORY, codes.map(keys::territory_partition).collect())
            }
            None => (keys::ALL, (0..keys::SHARDS).map(keys::all_partition).collect()),
        }
    }
}

fn departements(collectivite: &Collectivite) -> impl Iterator<Item = Departement> {
    let (commune, epci) = match collectivite.kind {
        TerritoryKind::Commune => (territory::commune(&collectivite.code), None),
        TerritoryKind::Epci => (None, territory::epci(&collectivite.code)),
    };
    commune.map(Commune::departement).into_iter().chain(epci.into_iter().flat_map(Epci::departements))
}

impl CommunsStore {
    /// The projects `filter` accepts, after `after`: of those `reader` may read, or of all when there is no reader.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn list(
        &self,
        reader: Option<&Person>,
        filter: &Filter,
        after: Option<ProjectId>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        match reader {
            Some(person) => {
                let hashes: Vec<_> = person.hashes().collect();
                let cursor = after.map(keys::project_partition);
                let merge = Merge::new(hashes.len(), cursor, |source, after: Option<String>| {
                    let hash = hashes[source];
                    async move {
                        let after = after.as_deref().and_then(keys::project_of);
                        let page = self.granted_projects(hash, after, KEYS_PER_PAGE).await?;
                        let entry =
                            |(id, grant): (ProjectId, Grant)| (keys::project_partition(id), grant.level().is_some());
                        Ok(page.into_iter().map(entry).collect())
                    }
                });
                self.fill(merge, filter, limit).await
            }
            None => {
                let (index, partitions) = filter.partitions();
                let cursor = after.map(keys::project_partition);
                let merge = Merge::new(partitions.len(), cursor, |source, after| {
                    self.index_page(index, &partitions[source], after)
                });
                self.fill(merge, filter, limit).await
            }
        }
    }

    /// Fills a page from a sequence of candidates, each told visible or not.
    async fn fill<F, Fut>(&self, mut ids: Merge<bool, F>, filter: &Filter, limit: usize) -> Result<Page, StoreError>
    where
        F: Fn(usize, Option<String>) -> Fut,
        Fut: Future<Output = Result<Vec<(String, bool)>, StoreError>>,
    {
        let mut projects = Vec::new();
        // One more than the page tells whether there is a next one. Without a filter every candidate counts.
        while projects.len() <= limit {
            let mut candidates = Vec::new();
            let wanted = (limit + 1 - projects.len()).min(CANDIDATES);
            while candidates.len() < wanted {
                match ids.next().await? {
                    Some((partition, visible)) => candidates.extend(keys::project_of(&partition).filter(|_| visible)),
                    None => break,
                }
            }
            if candidates.is_empty() {
                break;
            }
            let mut found = self.live_projects(&candidates).await?;
            projects
                .extend(candidates.iter().filter_map(|id| found.remove(id)).filter(|project| filter.accepts(project)));
        }
        let more = projects.len() > limit;
        projects.truncate(limit);
        Ok(Page { projects, more })
    }

    /// The live projects among `ids`.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn live_projects(&self, ids: &[ProjectId]) -> Result<HashMap<ProjectId, Project>, StoreError> {
        let mut projects = HashMap::with_capacity(ids.len());
        for item in self.batch_get(ids.iter().map(|id| keys::head(*id))).await? {
            if let Some(project) = live(item)? {
                projects.insert(project.id, project);
            }
        }
        Ok(projects)
    }

    async fn index_page(
        &self,
        index: Index,
        partition: &str,
        after: Option<String>,
    ) -> Result<Vec<(String, bool)>, StoreError> {
        let page = self.query_index(index, partition).after(after).page(KEYS_PER_PAGE).await?;
        Ok(page.items.iter().map(|item: &Item| (item.pk().to_owned(), true)).collect())
    }
}
