//! The import of places of activity, once, at the inscription.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::contrat::jour;
use super::ids::IdSource;
use super::payload::Payload;
use super::structures::{self, Known, Lookup, NewStructure, Resolver};
use super::user::Lieu;

/// What became of the places of a payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Linked by this import.
    pub imported: usize,
    /// Linked already.
    pub already_linked: usize,
    /// Not addressed well enough.
    pub skipped: usize,
}

/// One place of the payload that can be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The place.
    pub structure: Uuid,
    /// The link to be made; `None` when there is one.
    pub link: Option<Lieu>,
    /// The structure, if it is to be made.
    pub created: Option<NewStructure>,
    /// Whether its deletion is undone.
    pub undeleted: bool,
}

/// What has to be looked up before places can be imported.
#[must_use]
pub fn lookups(payload: &Payload) -> BTreeSet<Lookup> {
    let by_coop_id = |lookup: &Lookup| matches!(lookup, Lookup::Id(_));
    structures::lookups(&payload.lieux).into_iter().filter(|lookup| !by_coop_id(lookup)).collect()
}

/// What is to be done for each place that can be imported, in the order of the payload. `linked` are the places linked
/// already.
#[must_use]
pub fn imports(
    payload: &Payload,
    linked: &BTreeSet<Uuid>,
    known: &Known,
    now: DateTime<Utc>,
    ids: IdSource<'_>,
) -> Vec<Import> {
    let mut resolver = Resolver::new(known, now, ids);
    let mut linked = linked.clone();
    let mut imports = Vec::new();
    for entry in &payload.lieux {
        let (made, undone) = (resolver.created.len(), resolver.undeleted.len());
        let Some(structure) = resolver.resolve_lieu(entry) else { continue };
        let link = linked.insert(structure).then(|| Lieu { id: ids.next(), structure, debut: jour(now) });
        imports.push(Import {
            structure,
            link,
            created: resolver.created.get(made).cloned(),
            undeleted: resolver.undeleted.len() > undone,
        });
    }
    imports
}

/// Counts an import that linked the places `done`, in however many turns.
#[must_use]
pub fn count(payload: &Payload, imports: &[Import], done: &BTreeSet<Uuid>) -> Counts {
    let places: BTreeSet<Uuid> = imports.iter().map(|import| import.structure).collect();
    let imported = places.intersection(done).count();
    Counts { imported, already_linked: imports.len() - imported, skipped: payload.lieux.len() - imports.len() }
}

#[cfg(test)]
mod tests;
