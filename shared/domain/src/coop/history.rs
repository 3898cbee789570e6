//! What a synchronisation changed, with the values before: nothing is lost by a sweep.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::emplois::{Action, Step};
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

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It was made.
    Created,
    /// It changed.
    Updated,
    /// It came back.
    Reactivated,
    /// It was suppressed.
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
    /// What.
    pub entity: Entity,
    /// Which.
    pub entity_id: Uuid,
    /// How.
    pub action: Kind,
    /// As it was; null when it was made.
    pub before: Value,
    /// As it is since.
    pub after: Value,
}

/// Writes entries down, all of one instant.
pub struct Scribe<'a> {
    at: DateTime<Utc>,
    new_id: &'a mut dyn FnMut() -> Uuid,
    entries: Vec<Change>,
}

impl<'a> Scribe<'a> {
    /// Of what happens at `at`.
    pub fn new(at: DateTime<Utc>, new_id: &'a mut dyn FnMut() -> Uuid) -> Self {
        Self { at, new_id, entries: Vec::new() }
    }

    /// What was written down.
    #[must_use]
    pub fn entries(self) -> Vec<Change> {
        self.entries
    }

    /// What the Dataspace says of the user, as far as it changed.
    pub fn user(&mut self, before: &User, after: &User) {
        let (mut was, mut is) = (told(before), told(after));
        if let (Value::Object(was), Value::Object(is)) = (&mut was, &mut is) {
            is.retain(|name, value| was.get(name) != Some(value));
            was.retain(|name, _| is.contains_key(name));
        }
        if was != is {
            self.add(Entity::User, after.id, Kind::Updated, was, is);
        }
    }

    /// A role the user was given.
    pub fn role(&mut self, entity: Entity, id: Uuid, user: Uuid) {
        self.add(entity, id, Kind::Created, Value::Null, json!({"user": user}));
    }

    /// A place of activity the user was given.
    pub fn lieu(&mut self, lieu: &Lieu) {
        let after = json!({"structure": lieu.structure, "debut": lieu.debut});
        self.add(Entity::Lieu, lieu.id, Kind::Created, Value::Null, after);
    }

    /// What became of an emploi, if it changed.
    pub fn emploi(&mut self, step: &Step) {
        let kind = match step.action {
            Action::Create => Kind::Created,
            Action::Update => Kind::Updated,
            Action::Reactivate => Kind::Reactivated,
            Action::Remove => Kind::Removed,
            Action::Keep => return,
        };
        let before = step.before.as_ref().map_or(Value::Null, shown);
        self.add(Entity::Emploi, step.after.id, kind, before, shown(&step.after));
    }

    fn add(&mut self, entity: Entity, entity_id: Uuid, action: Kind, before: Value, after: Value) {
        let id = (self.new_id)();
        self.entries.push(Change { id, at: self.at, entity, entity_id, action, before, after });
    }
}

fn told(user: &User) -> Value {
    json!({
        "isConseillerNumerique": user.is_conseiller_numerique,
        "dataspaceId": user.dataspace_id,
        "dataspaceUserIdPg": user.dataspace_user_id_pg,
    })
}

fn shown(emploi: &Emploi) -> Value {
    json!({
        "structure": emploi.structure,
        "debut": emploi.debut,
        "fin": emploi.fin,
        "suppression": emploi.suppression.map(instant::text),
    })
}
