//! What a synchronisation changed, with the values before: nothing is lost by a removal.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::emplois::{Action, Step};
use super::ids::IdSource;
use super::user::{Emploi, Lieu, User};
use crate::instant;

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entity {
    /// The user.
    User,
    /// The role of coordinateur.
    Coordinateur,
    /// The role of médiateur.
    Mediateur,
    /// A place of activity.
    Lieu,
    /// An emploi.
    Emploi,
}

/// How it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// It changed.
    Updated,
    /// It came back.
    Reactivated,
    /// No contract stands for it any more.
    Removed,
}

/// One entry of the history of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Id of the entry.
    pub id: Uuid,
    /// When.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// What was changed.
    pub entity: Entity,
    /// Id of it.
    pub entity_id: Uuid,
    /// How it was changed.
    pub action: ChangeKind,
    /// As it was; null when it was made.
    pub before: Value,
    /// As it is since.
    pub after: Value,
}

/// Gathers the changes of one instant.
pub struct HistoryRecorder<'a> {
    at: DateTime<Utc>,
    ids: IdSource<'a>,
    changes: Vec<Change>,
}

impl<'a> HistoryRecorder<'a> {
    /// Of what happens at `at`.
    #[must_use]
    pub const fn new(at: DateTime<Utc>, ids: IdSource<'a>) -> Self {
        Self { at, ids, changes: Vec::new() }
    }

    /// What was recorded, in order.
    #[must_use]
    pub fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// What the Dataspace says of the user, as far as it changed.
    pub fn record_user(&mut self, before: &User, after: &User) {
        let (mut was, mut is) = (user_values(before), user_values(after));
        if let (Value::Object(was), Value::Object(is)) = (&mut was, &mut is) {
            is.retain(|name, value| was.get(name) != Some(value));
            was.retain(|name, _| is.contains_key(name));
        }
        if was != is {
            self.add(Entity::User, after.id, ChangeKind::Updated, was, is);
        }
    }

    /// A role the user was given.
    pub fn record_role(&mut self, entity: Entity, id: Uuid, user: Uuid) {
        self.add(entity, id, ChangeKind::Created, Value::Null, json!({"user": user}));
    }

    /// A place of activity the user was given.
    pub fn record_lieu(&mut self, lieu: &Lieu) {
        let after = json!({"structure": lieu.structure, "debut": lieu.debut});
        self.add(Entity::Lieu, lieu.id, ChangeKind::Created, Value::Null, after);
    }

    /// What became of an emploi, if it changed.
    pub fn record_emploi(&mut self, step: &Step) {
        let kind = match step.action {
            Action::Create => ChangeKind::Created,
            Action::Update => ChangeKind::Updated,
            Action::Reactivate => ChangeKind::Reactivated,
            Action::Remove => ChangeKind::Removed,
            Action::Keep => return,
        };
        let before = step.before.as_ref().map_or(Value::Null, emploi_values);
        self.add(Entity::Emploi, step.after.id, kind, before, emploi_values(&step.after));
    }

    fn add(&mut self, entity: Entity, entity_id: Uuid, action: ChangeKind, before: Value, after: Value) {
        let id = self.ids.next();
        self.changes.push(Change { id, at: self.at, entity, entity_id, action, before, after });
    }
}

fn user_values(user: &User) -> Value {
    json!({
        "isConseillerNumerique": user.is_conseiller_numerique,
        "dataspaceId": user.dataspace_id,
        "dataspaceUserIdPg": user.dataspace_user_id_pg,
    })
}

fn emploi_values(emploi: &Emploi) -> Value {
    json!({
        "structure": emploi.structure,
        "debut": emploi.debut,
        "fin": emploi.fin,
        "suppression": emploi.deleted_at.map(instant::text),
    })
}
