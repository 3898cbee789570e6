//! The emplois of a user, made to follow the contracts of a payload.
//!
//! Source: docs/spec/coop.md#rules-of-a-synchronisation

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::contrat::Contrat;
use super::contrat::jour;
use super::ids::IdSource;
use super::payload::{Payload, Structure};
use super::structures::Resolver;
use super::user::Emploi;

/// What happens to an emploi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Create,
    /// It was not deleted, and something of it changes.
    Update,
    /// It was deleted, and is no longer.
    Reactivate,
    /// No contract stands for it any more.
    Remove,
    /// It is as it should be.
    Keep,
}

/// One emploi of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub action: Action,
    /// As it is; `None` when it is made.
    pub before: Option<Emploi>,
    /// As it will be.
    pub after: Emploi,
}

/// The employers of a payload that may carry an emploi: those with a dated contract; where nobody has one, all of them,
/// for a temporary emploi. No others are looked up.
pub fn employers_to_resolve(payload: &Payload) -> impl Iterator<Item = &Structure> {
    let dated = payload.structures.iter().any(has_dated_contract);
    let temporary = !dated && !payload.structures_quarantined();
    payload.structures.iter().filter(move |structure| temporary || has_dated_contract(structure))
}

/// The emplois of one user, before a payload is followed.
#[derive(Clone, Copy, Debug)]
pub struct EmploiSync<'a> {
    /// What the Dataspace says.
    pub payload: &'a Payload,
    /// The user's emplois, deleted ones too.
    pub emplois: &'a [Emploi],
    /// Now.
    pub now: DateTime<Utc>,
    /// Ids of new emplois.
    pub ids: IdSource<'a>,
}

impl EmploiSync<'_> {
    /// What becomes of each emploi, and the emplois to be made.
    ///
    /// An employer or contract that cannot be read may be the one an emploi stands for: then nothing is removed, and no
    /// temporary emploi is made. Nothing is removed either when the payload names employers and none of them could be
    /// resolved to an emploi.
    pub fn steps(&self, resolver: &mut Resolver<'_>) -> Vec<Step> {
        let mut steps: Vec<Step> = self
            .contracts(resolver)
            .into_iter()
            .map(|((structure, debut), fin)| {
                let rows =
                    self.emplois.iter().filter(|emploi| emploi.structure == structure && emploi.debut == Some(debut));
                self.step(newest(rows), structure, Some(debut), fin)
            })
            .collect();
        steps.extend(self.temporary_step(resolver));
        let nothing_resolved = self.payload.names_structures && steps.is_empty();
        if !nothing_resolved && !self.payload.structures_quarantined() {
            steps.extend(self.removals(&steps));
        }
        steps
    }

    /// The dated contracts by structure and first day, each with its last day. Of several on one key, one that was not
    /// broken off goes first, then the one that was latest.
    fn contracts(&self, resolver: &mut Resolver<'_>) -> BTreeMap<(Uuid, NaiveDate), Option<NaiveDate>> {
        let mut found: BTreeMap<(Uuid, NaiveDate), Option<NaiveDate>> = BTreeMap::new();
        for employer in self.payload.structures.iter().filter(|employer| has_dated_contract(employer)) {
            let Some(structure) = resolver.resolve_employer(employer, self.emplois) else { continue };
            for Contrat { debut, rupture, .. } in &employer.contrats {
                let Some(debut) = debut else { continue };
                let fin = found.entry((structure, *debut)).or_insert(*rupture);
                *fin = match (*fin, *rupture) {
                    (Some(one), Some(other)) => Some(one.max(other)),
                    _ => None,
                };
            }
        }
        found
    }

    /// The one temporary emploi, where no contract is dated: on the first structure with an undated contract that can
    /// be resolved, else the first without contracts. The newest temporary row is moved there, whatever became of it.
    fn temporary_step(&self, resolver: &mut Resolver<'_>) -> Option<Step> {
        let payload = self.payload;
        if payload.structures_quarantined() || payload.structures.iter().any(has_dated_contract) {
            return None;
        }
        let (without, undated): (Vec<&Structure>, Vec<&Structure>) =
            payload.structures.iter().partition(|structure| structure.contrats.is_empty());
        let mut candidates = undated.into_iter().chain(without);
        let structure = candidates.find_map(|candidate| resolver.resolve_employer(candidate, self.emplois))?;
        let row = newest(self.emplois.iter().filter(|emploi| emploi.debut.is_none()));
        Some(self.step(row, structure, None, None))
    }

    /// Every other row that is not deleted yet.
    fn removals(&self, steps: &[Step]) -> Vec<Step> {
        let is_kept = |emploi: &Emploi| steps.iter().any(|step| step.after.id == emploi.id);
        let others = self.emplois.iter().filter(|emploi| emploi.deleted_at.is_none() && !is_kept(emploi));
        let remove = |emploi: &Emploi| Step {
            action: Action::Remove,
            before: Some(emploi.clone()),
            after: Emploi { fin: Some(jour(self.now)), deleted_at: Some(self.now), ..emploi.clone() },
        };
        others.map(remove).collect()
    }

    fn step(&self, row: Option<&Emploi>, structure: Uuid, debut: Option<NaiveDate>, fin: Option<NaiveDate>) -> Step {
        let Some(row) = row else {
            let after = Emploi { id: self.ids.next(), structure, debut, fin, deleted_at: None, created_at: self.now };
            return Step { action: Action::Create, before: None, after };
        };
        let after = Emploi { structure, debut, fin, deleted_at: None, ..row.clone() };
        let action = match row {
            row if row.deleted_at.is_some() => Action::Reactivate,
            row if *row != after => Action::Update,
            _ => Action::Keep,
        };
        Step { action, before: Some(row.clone()), after }
    }
}

fn newest<'a>(rows: impl Iterator<Item = &'a Emploi>) -> Option<&'a Emploi> {
    rows.max_by_key(|row| (row.created_at, row.id))
}

fn has_dated_contract(structure: &Structure) -> bool {
    structure.contrats.iter().any(|contrat| contrat.debut.is_some())
}
