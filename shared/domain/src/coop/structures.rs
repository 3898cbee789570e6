//! Which structure an entry of a payload means: one that is known, or a new one.
//!
//! Decided purely from what the shell looked up: the answers to the [`Lookup`]s, then the structures they name.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::adresse::Complete;
use super::codes;
use super::contrat::Contrat;
use super::ids::IdSource;
use super::payload::{self, Contact};
use super::user::Emploi;
use crate::instant;

/// A structure: an employer, a place of activity, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Structure {
    /// Id in La Coop.
    pub id: Uuid,
    /// Name.
    pub nom: String,
    /// SIRET.
    pub siret: Option<String>,
    /// Number, repetition and street.
    pub adresse: Option<String>,
    /// Postal code.
    pub code_postal: Option<String>,
    /// INSEE code of the commune.
    pub code_insee: Option<String>,
    /// Name of the commune.
    pub commune: Option<String>,
    /// Whom to ask.
    pub nom_referent: Option<String>,
    /// Their e-mail.
    pub courriel_referent: Option<String>,
    /// Their telephone.
    pub telephone_referent: Option<String>,
    /// When it was made.
    #[serde(rename = "creation", with = "instant")]
    pub created_at: DateTime<Utc>,
    /// When it was deleted.
    #[serde(rename = "suppression", with = "instant::optional")]
    pub deleted_at: Option<DateTime<Utc>>,
}

/// What is shared by structures that might be the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchKey {
    /// SIRET, without blanks and dots, and INSEE code of today.
    Siret(String, String),
    /// Exact name, and INSEE code of today.
    Nom(String, String),
}

/// What has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// The structure of this id.
    Id(Uuid),
    /// All structures with this key.
    Matching(MatchKey),
}

/// The structures with one key, when they were looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Their ids.
    pub ids: Vec<Uuid>,
    /// Counts the changes of this list: a new structure is written only if it is still the same.
    pub revision: u64,
}

/// What was looked up.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Structures by id: those asked for, those of an answer, those of the user's emplois.
    pub structures: HashMap<Uuid, Structure>,
    /// Those of each key asked for.
    pub matches: HashMap<MatchKey, Matches>,
}

/// A structure to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStructure {
    /// The structure.
    pub structure: Structure,
    /// What it was not found by.
    pub searched: MatchKey,
    /// The revision of that list, at which it was not found: it is made only while the list is still the same.
    pub revision: u64,
}

impl Structure {
    /// The keys it is found by.
    #[must_use]
    pub fn match_keys(&self) -> Vec<MatchKey> {
        let Some(insee) = self.code_insee.as_deref().and_then(codes::normalise_code_insee) else { return Vec::new() };
        let siret = self.siret.as_deref().map(codes::normalise_siret);
        let siret = siret.map(|siret| MatchKey::Siret(siret, insee.to_owned()));
        siret.into_iter().chain([MatchKey::Nom(self.nom.clone(), insee.to_owned())]).collect()
    }
}

impl MatchKey {
    /// The keys under which structures were listed before the code of their commune was brought to one form.
    pub fn former_forms(&self) -> impl Iterator<Item = Self> {
        let (Self::Siret(_, insee) | Self::Nom(_, insee)) = self;
        codes::former_forms(insee).map(|form| match self {
            Self::Siret(siret, _) => Self::Siret(siret.clone(), form),
            Self::Nom(nom, _) => Self::Nom(nom.clone(), form),
        })
    }
}

/// What has to be looked up for these entries to be resolved.
pub fn lookups<'a>(entries: impl IntoIterator<Item = &'a payload::Structure>) -> BTreeSet<Lookup> {
    let mut lookups = BTreeSet::new();
    for entry in entries {
        lookups.extend(entry.coop_id.map(Lookup::Id));
        if let Some(address) = entry.adresse.complete() {
            let key = search_key(entry, &address);
            lookups.extend(key.former_forms().map(Lookup::Matching));
            lookups.insert(Lookup::Matching(key));
        }
    }
    lookups
}

/// What an entry with a complete address is searched by: its SIRET, or its name when it has none.
fn search_key(entry: &payload::Structure, address: &Complete) -> MatchKey {
    match &entry.siret {
        Some(siret) => MatchKey::Siret(siret.clone(), address.code_insee.clone()),
        None => MatchKey::Nom(entry.nom.clone(), address.code_insee.clone()),
    }
}

/// What becomes of deleted structures when one is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deleted {
    /// They are not found.
    Ignored,
    /// They are found where no active one is.
    Last,
}

/// Resolves entries one after the other; each sees what the ones before it made.
pub struct Resolver<'a> {
    known: &'a Known,
    /// The structures known by each of their keys, in whatever form they were listed.
    by_key: HashMap<MatchKey, Vec<&'a Structure>>,
    now: DateTime<Utc>,
    ids: IdSource<'a>,
    /// Structures to be made.
    pub created: Vec<NewStructure>,
    /// Structures whose deletion is to be undone.
    pub undeleted: BTreeSet<Uuid>,
}

impl<'a> Resolver<'a> {
    /// A resolver that knows what was looked up.
    #[must_use]
    pub fn new(known: &'a Known, now: DateTime<Utc>, ids: IdSource<'a>) -> Self {
        let mut by_key: HashMap<MatchKey, Vec<&Structure>> = HashMap::new();
        for structure in known.structures.values() {
            for key in structure.match_keys() {
                by_key.entry(key).or_default().push(structure);
            }
        }
        Self { known, by_key, now, ids, created: Vec::new(), undeleted: BTreeSet::new() }
    }

    /// The structure of an employer; `None` when it is to be left out: not known, and not addressed well enough to be
    /// made. `emplois` are the user's.
    pub fn resolve_employer(&mut self, entry: &payload::Structure, emplois: &[Emploi]) -> Option<Uuid> {
        if let Some(id) = entry.coop_id.filter(|id| self.known.structures.contains_key(id)) {
            return Some(self.undelete(id));
        }
        match entry.adresse.complete() {
            Some(address) => {
                let mail = entry.contact.mail_gestionnaire.clone();
                Some(self.find_or_create(entry, address, mail, self.same_contract(entry, emplois)))
            }
            None => self.current_employer(entry.siret.as_deref()?, emplois),
        }
    }

    /// The structure of a place of activity; `None` when it is not addressed well enough.
    pub fn resolve_lieu(&mut self, entry: &payload::Structure) -> Option<Uuid> {
        let address = entry.adresse.complete()?;
        let mail = entry.contact.mail_gestionnaire.as_ref().or(entry.contact.mail_pro.as_ref()).cloned();
        Some(self.find_or_create(entry, address, mail, None))
    }

    /// A structure by id, new ones included.
    #[must_use]
    pub fn structure(&self, id: Uuid) -> Option<&Structure> {
        let mut created = self.created.iter().map(|new| &new.structure);
        created.find(|structure| structure.id == id).or_else(|| self.known.structures.get(&id))
    }

    /// Whether a structure is to be made.
    #[must_use]
    pub fn is_new(&self, id: Uuid) -> bool {
        self.created.iter().any(|new| new.structure.id == id)
    }

    /// The structure with the key of an entry, or `otherwise`, or a new one.
    fn find_or_create(
        &mut self,
        entry: &payload::Structure,
        address: Complete,
        mail: Option<String>,
        otherwise: Option<Uuid>,
    ) -> Uuid {
        let key = search_key(entry, &address);
        let found = match &key {
            MatchKey::Siret(..) => self.best_match(&key, Deleted::Ignored),
            MatchKey::Nom(..) => self.best_match(&key, Deleted::Last),
        };
        match found.or(otherwise) {
            Some(id) => self.undelete(id),
            None => self.create(entry, address, mail, key),
        }
    }

    /// Of the structures with a key: an active one, then the newest.
    fn best_match(&self, key: &MatchKey, deleted: Deleted) -> Option<Uuid> {
        let known = self.by_key.get(key).into_iter().flatten().copied();
        let created = self.created.iter().map(|new| &new.structure);
        let created = created.filter(|structure| structure.match_keys().contains(key));
        let candidates = known.chain(created).map(|structure| (self.is_active(structure), structure));
        let best = candidates.filter(|(active, _)| *active || deleted == Deleted::Last);
        best.max_by_key(|(active, structure)| (*active, structure.created_at, structure.id)).map(|(_, found)| found.id)
    }

    /// The employer under whose SIRET the user has an emploi that began the same day: the same contract, though its
    /// commune has another code now. A commune may have merged since the embedded codes were made.
    fn same_contract(&self, entry: &payload::Structure, emplois: &[Emploi]) -> Option<Uuid> {
        let siret = entry.siret.as_deref()?;
        let is_same = |emploi: &&Emploi| {
            let began = |contrat: &Contrat| contrat.debut == emploi.debut;
            let is_active = |id| self.known.structures.get(&id).is_some_and(|structure| self.is_active(structure));
            emploi.deleted_at.is_none()
                && entry.contrats.iter().any(began)
                && is_active(emploi.structure)
                && self.has_siret(emploi.structure, siret)
        };
        emplois.iter().filter(is_same).max_by_key(|emploi| (emploi.created_at, emploi.id)).map(|same| same.structure)
    }

    fn has_siret(&self, structure: Uuid, siret: &str) -> bool {
        let stored = self.known.structures.get(&structure).and_then(|structure| structure.siret.as_deref());
        stored.is_some_and(|stored| codes::normalise_siret(stored) == siret)
    }

    /// The employer of the user that has this SIRET, wherever it is.
    fn current_employer(&self, siret: &str, emplois: &[Emploi]) -> Option<Uuid> {
        let best = emplois.iter().filter(|emploi| self.has_siret(emploi.structure, siret));
        best.max_by_key(|emploi| (emploi.deleted_at.is_none(), emploi.created_at, emploi.id)).map(|best| best.structure)
    }

    fn is_active(&self, structure: &Structure) -> bool {
        structure.deleted_at.is_none() || self.undeleted.contains(&structure.id)
    }

    fn undelete(&mut self, id: Uuid) -> Uuid {
        if self.known.structures.get(&id).is_some_and(|structure| structure.deleted_at.is_some()) {
            self.undeleted.insert(id);
        }
        id
    }

    fn create(
        &mut self,
        entry: &payload::Structure,
        address: Complete,
        mail: Option<String>,
        searched: MatchKey,
    ) -> Uuid {
        let id = self.ids.next();
        let Contact { prenom, nom, telephone, .. } = &entry.contact;
        let referent = [prenom, nom].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let revision = self.known.matches.get(&searched).map_or(0, |matches| matches.revision);
        let structure = Structure {
            id,
            nom: entry.nom.clone(),
            siret: entry.siret.clone(),
            adresse: Some(address.adresse),
            code_postal: Some(address.code_postal),
            code_insee: Some(address.code_insee),
            commune: Some(address.commune),
            nom_referent: (!referent.is_empty()).then_some(referent),
            courriel_referent: mail,
            telephone_referent: telephone.clone(),
            created_at: self.now,
            deleted_at: None,
        };
        self.created.push(NewStructure { structure, searched, revision });
        id
    }
}

#[cfg(test)]
mod tests;
