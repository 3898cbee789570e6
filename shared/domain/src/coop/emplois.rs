//! The emplois of a user, made to follow the contracts of a payload.
//!
//! Source: docs/spec/coop.md#rules-of-a-synchronisation

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::contrat::Contrat;
use super::contrat::jour;
use super::payload::{Payload, Structure};
use super::structures::Resolver;
use super::user::Emploi;

/// What happens to an emploi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is made.
    Create,
    /// It was not suppressed, and something of it changes.
    Update,
    /// It was suppressed, and is no longer.
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
pub fn carriers(payload: &Payload) -> impl Iterator<Item = &Structure> {
    let dated = payload.structures.iter().any(has_dated_contract);
    let temporary = !dated && !payload.structures_quarantined();
    payload.structures.iter().filter(move |structure| temporary || has_dated_contract(structure))
}

/// What becomes of the user's `emplois`.
///
/// Something unreadable suppresses both the sweep and the temporary emploi: it may be the contract that is missing.
/// Nothing is swept either when the payload names employers and not one emploi came of it.
pub fn follow(
    payload: &Payload,
    emplois: &[Emploi],
    resolver: &mut Resolver<'_>,
    now: DateTime<Utc>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Vec<Step> {
    let mut steps: Vec<Step> = contracts(payload, emplois, resolver, new_id)
        .into_iter()
        .map(|((structure, debut), fin)| {
            let rows = emplois.iter().filter(|emploi| emploi.structure == structure && emploi.debut == Some(debut));
            step(newest(rows), structure, Some(debut), fin, now, new_id)
        })
        .collect();
    steps.extend(temporary(payload, emplois, resolver, now, new_id));
    let nothing_came = payload.names_structures && steps.is_empty();
    if !nothing_came && !payload.structures_quarantined() {
        steps.extend(swept(emplois, &steps, now));
    }
    steps
}

/// The dated contracts by structure and first day, each with its last day. Of several on one key, one that was not
/// broken off goes first, then the one that was latest.
fn contracts(
    payload: &Payload,
    emplois: &[Emploi],
    resolver: &mut Resolver<'_>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> BTreeMap<(Uuid, NaiveDate), Option<NaiveDate>> {
    let mut found: BTreeMap<(Uuid, NaiveDate), Option<NaiveDate>> = BTreeMap::new();
    for employer in payload.structures.iter().filter(|employer| has_dated_contract(employer)) {
        let Some(structure) = resolver.employer(employer, emplois, new_id) else { continue };
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

/// The one temporary emploi, where no contract is dated: on the first structure with an undated contract that can be
/// resolved, else the first without contracts. The newest temporary row is moved there, whatever became of it.
fn temporary(
    payload: &Payload,
    emplois: &[Emploi],
    resolver: &mut Resolver<'_>,
    now: DateTime<Utc>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Option<Step> {
    if payload.structures_quarantined() || payload.structures.iter().any(has_dated_contract) {
        return None;
    }
    let (without, undated): (Vec<&Structure>, Vec<&Structure>) =
        payload.structures.iter().partition(|structure| structure.contrats.is_empty());
    let mut candidates = undated.into_iter().chain(without);
    let structure = candidates.find_map(|candidate| resolver.employer(candidate, emplois, new_id))?;
    let row = newest(emplois.iter().filter(|emploi| emploi.debut.is_none()));
    Some(step(row, structure, None, None, now, new_id))
}

/// Every other row that is not suppressed yet.
fn swept<'a>(emplois: &'a [Emploi], steps: &'a [Step], now: DateTime<Utc>) -> Vec<Step> {
    let stands = |emploi: &Emploi| steps.iter().any(|step| step.after.id == emploi.id);
    let others = emplois.iter().filter(|emploi| emploi.suppression.is_none() && !stands(emploi));
    let remove = |emploi: &Emploi| Step {
        action: Action::Remove,
        before: Some(emploi.clone()),
        after: Emploi { fin: Some(jour(now)), suppression: Some(now), ..emploi.clone() },
    };
    others.map(remove).collect()
}

fn step(
    row: Option<&Emploi>,
    structure: Uuid,
    debut: Option<NaiveDate>,
    fin: Option<NaiveDate>,
    now: DateTime<Utc>,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Step {
    let Some(row) = row else {
        let after = Emploi { id: new_id(), structure, debut, fin, suppression: None, creation: now };
        return Step { action: Action::Create, before: None, after };
    };
    let after = Emploi { structure, debut, fin, suppression: None, ..row.clone() };
    let action = match row {
        row if row.suppression.is_some() => Action::Reactivate,
        row if *row != after => Action::Update,
        _ => Action::Keep,
    };
    Step { action, before: Some(row.clone()), after }
}

fn newest<'a>(rows: impl Iterator<Item = &'a Emploi>) -> Option<&'a Emploi> {
    rows.max_by_key(|row| (row.creation, row.id))
}

fn has_dated_contract(structure: &Structure) -> bool {
    structure.contrats.iter().any(|contrat| contrat.debut.is_some())
}
