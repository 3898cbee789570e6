//! What a synchronisation answers.

use serde::Serialize;
use uuid::Uuid;

use super::payload::Quarantined;

/// The result of a synchronisation, real or rehearsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always true: a failure is a problem, not a result.
    pub success: bool,
    /// The Dataspace does not know the person: nothing was written.
    pub no_op: bool,
    /// What changed of the roles, and how many structures are concerned.
    pub changes: Changes,
    /// The role of coordinateur, when the Dataspace says the person coordinates within the dispositif.
    pub coordinateur_id: Option<Uuid>,
    /// What became of the emplois.
    pub emplois: Counts,
    /// What could not be read.
    pub quarantined: Vec<Quarantined>,
}

/// What changed of the roles, and how many structures are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The person became a conseiller numérique.
    pub conseiller_numerique_created: bool,
    /// The person stopped being one.
    pub conseiller_numerique_removed: bool,
    /// The role of coordinateur was given.
    pub coordinateur_created: bool,
    /// Never true: kept because La Coop expects it.
    pub coordinateur_updated: bool,
    /// Structures that carry an emploi of this payload.
    pub structures_synced: usize,
    /// Emplois removed.
    pub structures_removed: usize,
}

/// What became of the emplois: every one the payload stands for is counted once, and those removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Made.
    pub created: usize,
    /// Changed.
    pub updated: usize,
    /// Deleted before, and no longer.
    pub reactivated: usize,
    /// Deleted: no contract stands for them.
    pub removed: usize,
    /// As they were.
    pub unchanged: usize,
}

impl Report {
    /// The Dataspace does not know the person.
    #[must_use]
    pub fn no_op() -> Self {
        Self {
            success: true,
            no_op: true,
            changes: Changes::default(),
            coordinateur_id: None,
            emplois: Counts::default(),
            quarantined: Vec::new(),
        }
    }
}

impl Changes {
    /// Whether Brevo has to be told.
    #[must_use]
    pub const fn concern_brevo(&self) -> bool {
        self.conseiller_numerique_created || self.conseiller_numerique_removed || self.coordinateur_created
    }
}

impl Counts {
    /// How many emplois are written.
    #[must_use]
    pub const fn written(&self) -> usize {
        self.created + self.updated + self.reactivated + self.removed
    }
}
