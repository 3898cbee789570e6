//! The plan of a synchronisation: every write named before anything is written.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::emplois::{self, Action, EmploiSync, Step};
use super::history::{Change, Entity, HistoryRecorder};
use super::ids::IdSource;
use super::payload::Payload;
use super::report::{Changes, Counts, Report};
use super::structures::{self, Known, Lookup, NewStructure, Resolver, Structure};
use super::user::{Emploi, Lieu, User};

/// The most emplois one synchronisation changes: they are written in one transaction, with what comes beside them.
pub const MAX_CHANGED: usize = 90;

/// What is known when a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The user as stored.
    pub user: &'a User,
    /// Their emplois, deleted ones too.
    pub emplois: &'a [Emploi],
    /// Their active places of activity.
    pub lieux: &'a [Lieu],
    /// What was looked up.
    pub known: &'a Known,
    /// What the Dataspace says.
    pub payload: &'a Payload,
    /// Now.
    pub now: DateTime<Utc>,
    /// Ids of what is made.
    pub ids: IdSource<'a>,
}

/// Which synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A sign-in, a button, the night.
    Sync,
    /// The inscription, which may make the person a médiateur and begin the import of places of activity.
    Inscription,
}

/// Everything a synchronisation writes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The user as they will be.
    pub user: User,
    /// What becomes of the emplois.
    pub emplois: Vec<Step>,
    /// Structures to be made.
    pub created: Vec<NewStructure>,
    /// Structures whose deletion is undone.
    pub undeleted: BTreeSet<Uuid>,
    /// The history of it.
    pub changes: Vec<Change>,
    /// What is answered.
    pub report: Report,
    /// Whether Brevo has to be told.
    pub concerns_brevo: bool,
    /// Whether the role of médiateur is given.
    pub mediateur_created: bool,
    /// Whether the places of activity are to be imported.
    pub imports_lieux: bool,
}

/// More emplois would change than one transaction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} emplois would change, at most {MAX_CHANGED} may")]
pub struct TooLarge(pub usize);

/// What has to be looked up before a plan can be made.
#[must_use]
pub fn lookups(user: &User, payload: &Payload) -> BTreeSet<Lookup> {
    if follows_emplois(user, payload) {
        structures::lookups(emplois::employers_to_resolve(payload))
    } else {
        BTreeSet::new()
    }
}

/// Decides everything.
///
/// # Errors
/// [`TooLarge`].
pub fn plan(facts: Facts<'_>, occasion: Occasion) -> Result<Plan, TooLarge> {
    let Facts { user, payload, emplois, now, ids, .. } = facts;
    let mut resolver = Resolver::new(facts.known, now, ids);
    let steps = if follows_emplois(user, payload) {
        EmploiSync { payload, emplois, now, ids }.steps(&mut resolver)
    } else {
        Vec::new()
    };
    let counts = count(&steps);
    if counts.written() > MAX_CHANGED {
        return Err(TooLarge(counts.written()));
    }

    let coordinates = payload.is_coordinateur && payload.is_conseiller_numerique;
    let mut after = User {
        is_conseiller_numerique: payload.is_conseiller_numerique,
        dataspace_id: Some(payload.id),
        dataspace_user_id_pg: payload.pg_id,
        last_synced_from_dataspace: Some(now),
        coordinateur: user.coordinateur.or_else(|| coordinates.then(|| ids.next())),
        ..user.clone()
    };
    let mut imports_lieux = false;
    if occasion == Occasion::Inscription && payload.is_conseiller_numerique {
        if !payload.is_coordinateur || payload.names_lieux {
            after.mediateur = user.mediateur.or_else(|| Some(ids.next()));
        }
        imports_lieux = payload.names_lieux && (facts.lieux.is_empty() || user.importing_lieux);
        after.importing_lieux |= imports_lieux;
    }

    let changes = Changes {
        conseiller_numerique_created: payload.is_conseiller_numerique && !user.is_conseiller_numerique,
        conseiller_numerique_removed: !payload.is_conseiller_numerique && user.is_conseiller_numerique,
        coordinateur_created: after.coordinateur != user.coordinateur,
        coordinateur_updated: false,
        structures_synced: structures_with_emploi(&steps).len(),
        structures_removed: counts.removed,
    };
    Ok(Plan {
        changes: history(user, &after, &steps, HistoryRecorder::new(now, ids)),
        report: Report {
            success: true,
            no_op: false,
            changes,
            coordinateur_id: after.coordinateur.filter(|_| coordinates),
            emplois: counts,
            quarantined: payload.quarantined.clone(),
        },
        concerns_brevo: changes.concern_brevo(),
        mediateur_created: after.mediateur != user.mediateur,
        imports_lieux,
        user: after,
        emplois: steps,
        created: resolver.created,
        undeleted: resolver.undeleted,
    })
}

impl Plan {
    /// Whether nothing changes but the time stamp.
    #[must_use]
    pub fn only_stamps(&self, user: &User) -> bool {
        let stamped = User { last_synced_from_dataspace: self.user.last_synced_from_dataspace, ..user.clone() };
        self.report.emplois.written() == 0
            && self.undeleted.is_empty()
            && self.created.is_empty()
            && self.user == stamped
    }

    /// The structure of a step: whether it is to be made, and itself if it is known at all.
    #[must_use]
    pub fn structure<'a>(&'a self, known: &'a Known, id: Uuid) -> (bool, Option<&'a Structure>) {
        match self.created.iter().find(|new| new.structure.id == id) {
            Some(new) => (true, Some(&new.structure)),
            None => (false, known.structures.get(&id)),
        }
    }
}

/// Emplois follow the Dataspace while the person is a conseiller numérique, and one last time when they stop being one.
const fn follows_emplois(user: &User, payload: &Payload) -> bool {
    payload.is_conseiller_numerique || user.is_conseiller_numerique
}

fn count(steps: &[Step]) -> Counts {
    let of = |action: Action| steps.iter().filter(|step| step.action == action).count();
    Counts {
        created: of(Action::Create),
        updated: of(Action::Update),
        reactivated: of(Action::Reactivate),
        removed: of(Action::Remove),
        unchanged: of(Action::Keep),
    }
}

/// The structures that carry an emploi of the payload.
fn structures_with_emploi(steps: &[Step]) -> BTreeSet<Uuid> {
    let kept = steps.iter().filter(|step| step.action != Action::Remove);
    kept.map(|step| step.after.structure).collect()
}

fn history(before: &User, after: &User, steps: &[Step], mut recorder: HistoryRecorder<'_>) -> Vec<Change> {
    recorder.record_user(before, after);
    let given = |before: Option<Uuid>, after: Option<Uuid>| after.filter(|_| before.is_none());
    if let Some(id) = given(before.coordinateur, after.coordinateur) {
        recorder.record_role(Entity::Coordinateur, id, after.id);
    }
    if let Some(id) = given(before.mediateur, after.mediateur) {
        recorder.record_role(Entity::Mediateur, id, after.id);
    }
    for step in steps {
        recorder.record_emploi(step);
    }
    recorder.into_changes()
}

#[cfg(test)]
mod tests;
