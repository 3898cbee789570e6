//! Entries of Portail DF, written as its API words them, gathered into a directory.

use serde_json::{Map, Value};

use super::{Answer, Directory};

/// One entry of a person: the four wire objects, an absent one being none, and the calls of it that fail.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// The user account.
    pub user: Map<String, Value>,
    /// Its structure.
    pub structure: Option<Map<String, Value>>,
    /// Its group.
    pub group: Option<Map<String, Value>>,
    /// The group's perimeter.
    pub perimeter: Option<Map<String, Value>>,
    /// Status with which the call for the structure fails.
    pub structure_fails: Option<u16>,
    /// The same for the group.
    pub group_fails: Option<u16>,
    /// The same for the perimeter.
    pub perimeter_fails: Option<u16>,
}

impl Directory {
    /// Adds an entry of `email`. Ids and fields that are not given are made up, none of them a cause of refusal; two
    /// entries that name the same id share what it names.
    pub fn add(&mut self, email: &str, entry: Entry) {
        let next =
            |known: &std::collections::BTreeMap<i64, Answer>| known.keys().next_back().map_or(1, |last| last + 1);
        let Entry { mut user, structure, group, mut perimeter, .. } = entry;
        let perimeter_id = perimeter.as_mut().map(|perimeter| id(perimeter, "perimetre_id", next(&self.perimeters)));
        if let (Some(id), Some(mut perimeter)) = (perimeter_id, perimeter) {
            for (name, value) in [("fr_entiere", false.into()), ("comm", Value::Null), ("dep", Value::Null)] {
                perimeter.entry(name).or_insert(value);
            }
            let answer = answer(perimeter, entry.perimeter_fails);
            self.perimeters.entry(id).or_insert(answer);
        }
        let group_id = group.map(|mut group| {
            let id = id(&mut group, "id_groupe", next(&self.groups));
            group.entry("niveau_acces").or_insert_with(|| "lovac".into());
            group.entry("lovac").or_insert_with(|| true.into());
            group.insert("perimetre".to_owned(), perimeter_id.into());
            let answer = answer(group, entry.group_fails);
            self.groups.entry(id).or_insert(answer);
            id
        });
        let structure_id = structure.map(|mut structure| {
            let id = id(&mut structure, "id_structure", next(&self.structures));
            structure.entry("nom").or_insert_with(|| "Structure".into());
            structure.entry("acces_lovac").or_insert_with(|| "2099-12-31T00:00:00Z".into());
            let answer = answer(structure, entry.structure_fails);
            self.structures.entry(id).or_insert(answer);
            id
        });
        let users = self.users.entry(email.to_lowercase()).or_default();
        user.entry("id_user").or_insert_with(|| (users.len() + 1).into());
        user.entry("cgu_valide").or_insert_with(|| "2025-06-01T09:00:00Z".into());
        user.entry("date_expiration").or_insert(Value::Null);
        // An entry that names another e-mail is somebody else's: the real Portail DF answers such ones too.
        user.entry("email").or_insert_with(|| email.into());
        user.insert("structure".to_owned(), structure_id.into());
        user.insert("groupe".to_owned(), group_id.into());
        user.entry("exterieur").or_insert_with(|| false.into());
        user.entry("gestionnaire").or_insert_with(|| false.into());
        users.push(user.into());
    }
}

fn id(object: &mut Map<String, Value>, name: &str, next: i64) -> i64 {
    object.entry(name).or_insert_with(|| next.into()).as_i64().unwrap_or(next)
}

fn answer(object: Map<String, Value>, fails: Option<u16>) -> Answer {
    fails.map_or_else(|| Answer::Found(object.into()), Answer::Fails)
}
