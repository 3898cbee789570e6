//! Which structure an entry of a payload means: one that is known, or a new one.
//!
//! Decided purely from what the shell looked up: [`Question`]s first, then the structures their answers name.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::adresse::Complete;
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
    #[serde(with = "instant")]
    pub creation: DateTime<Utc>,
    /// When it was deleted.
    #[serde(with = "instant::optional")]
    pub suppression: Option<DateTime<Utc>>,
}

/// What is shared by structures that might be the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trait {
    /// SIRET and INSEE code.
    Siret(String, String),
    /// Exact name and INSEE code.
    Nom(String, String),
}

/// What has to be looked up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// The structure of this id.
    Id(Uuid),
    /// All structures of this trait.
    Sharing(Trait),
}

/// The structures of a trait when it was looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sharing {
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
    /// Answers.
    pub sharing: HashMap<Trait, Sharing>,
}

/// A structure to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// The structure.
    pub structure: Structure,
    /// The trait it was not found by, and the revision at which it was not.
    pub unless: (Trait, u64),
}

impl Structure {
    /// The traits it is found by.
    #[must_use]
    pub fn traits(&self) -> Vec<Trait> {
        let Some(insee) = &self.code_insee else { return Vec::new() };
        let siret = self.siret.as_ref().map(|siret| Trait::Siret(siret.clone(), insee.clone()));
        siret.into_iter().chain([Trait::Nom(self.nom.clone(), insee.clone())]).collect()
    }
}

/// What has to be looked up for these entries to be resolved.
pub fn questions<'a>(entries: impl IntoIterator<Item = &'a payload::Structure>) -> BTreeSet<Question> {
    let mut questions = BTreeSet::new();
    for entry in entries {
        questions.extend(entry.coop_id.map(Question::Id));
        questions.extend(entry.adresse.complete().map(|address| Question::Sharing(sought(entry, &address))));
    }
    questions
}

/// What an entry with a complete address is sought by: its SIRET, or its name when it has none.
fn sought(entry: &payload::Structure, address: &Complete) -> Trait {
    match &entry.siret {
        Some(siret) => Trait::Siret(siret.clone(), address.code_insee.clone()),
        None => Trait::Nom(entry.nom.clone(), address.code_insee.clone()),
    }
}

/// Resolves entries one after the other; each sees what the ones before it made.
pub struct Resolver<'a> {
    known: &'a Known,
    now: DateTime<Utc>,
    /// Structures to be made.
    pub created: Vec<Creation>,
    /// Structures whose deletion is to be undone.
    pub undeleted: BTreeSet<Uuid>,
}

impl<'a> Resolver<'a> {
    /// A resolver that knows what was looked up.
    #[must_use]
    pub fn new(known: &'a Known, now: DateTime<Utc>) -> Self {
        Self { known, now, created: Vec::new(), undeleted: BTreeSet::new() }
    }

    /// The structure of an employer; `None` when it is to be left out: not known, and not addressed well enough to be
    /// made. `emplois` are the user's.
    pub fn employer(
        &mut self,
        entry: &payload::Structure,
        emplois: &[Emploi],
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Option<Uuid> {
        if let Some(id) = entry.coop_id.filter(|id| self.known.structures.contains_key(id)) {
            return Some(self.undelete(id));
        }
        match entry.adresse.complete() {
            Some(address) => {
                let mail = entry.contact.mail_gestionnaire.clone();
                Some(self.found_or_created(entry, address, mail, new_id))
            }
            None => self.employer_already(entry.siret.as_deref()?, emplois),
        }
    }

    /// The structure of a place of activity; `None` when it is not addressed well enough.
    pub fn lieu(&mut self, entry: &payload::Structure, new_id: &mut dyn FnMut() -> Uuid) -> Option<Uuid> {
        let address = entry.adresse.complete()?;
        let mail = entry.contact.mail_gestionnaire.as_ref().or(entry.contact.mail_pro.as_ref()).cloned();
        Some(self.found_or_created(entry, address, mail, new_id))
    }

    /// A structure by id, new ones included.
    #[must_use]
    pub fn structure(&self, id: Uuid) -> Option<&Structure> {
        let mut created = self.created.iter().map(|creation| &creation.structure);
        created.find(|structure| structure.id == id).or_else(|| self.known.structures.get(&id))
    }

    /// Whether a structure is to be made.
    #[must_use]
    pub fn is_new(&self, id: Uuid) -> bool {
        self.created.iter().any(|creation| creation.structure.id == id)
    }

    fn found_or_created(
        &mut self,
        entry: &payload::Structure,
        address: Complete,
        mail: Option<String>,
        new_id: &mut dyn FnMut() -> Uuid,
    ) -> Uuid {
        let sought = sought(entry, &address);
        let found = match &sought {
            Trait::Siret(..) => self.best(&sought, |active| active),
            Trait::Nom(..) => self.best(&sought, |_| true),
        };
        match found {
            Some(id) => self.undelete(id),
            None => self.create(entry, address, mail, sought, new_id()),
        }
    }

    /// Of the structures of a trait that `may` be taken, active or not: an active one, then the newest.
    fn best(&self, sought: &Trait, may: impl Fn(bool) -> bool) -> Option<Uuid> {
        let looked_up = self.known.sharing.get(sought).into_iter().flat_map(|sharing| &sharing.ids);
        let known = looked_up.filter_map(|id| self.known.structures.get(id));
        let created = self.created.iter().map(|creation| &creation.structure);
        let created = created.filter(|structure| structure.traits().contains(sought));
        let candidates = known.chain(created).map(|structure| (self.is_active(structure), structure));
        let best = candidates.filter(|(active, _)| may(*active));
        best.max_by_key(|(active, structure)| (*active, structure.creation, structure.id)).map(|(_, found)| found.id)
    }

    /// The employer of the user that has this SIRET, wherever it is.
    fn employer_already(&self, siret: &str, emplois: &[Emploi]) -> Option<Uuid> {
        let employs = |emploi: &&Emploi| {
            let structure = self.known.structures.get(&emploi.structure);
            structure.is_some_and(|structure| structure.siret.as_deref() == Some(siret))
        };
        let best = emplois.iter().filter(employs);
        best.max_by_key(|emploi| (emploi.suppression.is_none(), emploi.creation, emploi.id)).map(|best| best.structure)
    }

    fn is_active(&self, structure: &Structure) -> bool {
        structure.suppression.is_none() || self.undeleted.contains(&structure.id)
    }

    fn undelete(&mut self, id: Uuid) -> Uuid {
        if self.known.structures.get(&id).is_some_and(|structure| structure.suppression.is_some()) {
            self.undeleted.insert(id);
        }
        id
    }

    fn create(
        &mut self,
        entry: &payload::Structure,
        address: Complete,
        mail: Option<String>,
        sought: Trait,
        id: Uuid,
    ) -> Uuid {
        let Contact { prenom, nom, telephone, .. } = &entry.contact;
        let referent = [prenom, nom].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        let revision = self.known.sharing.get(&sought).map_or(0, |sharing| sharing.revision);
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
            creation: self.now,
            suppression: None,
        };
        self.created.push(Creation { structure, unless: (sought, revision) });
        id
    }
}

#[cfg(test)]
mod tests;
