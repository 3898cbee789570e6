//! Short names that cases give to things which have UUIDs (`E1`, `U1`): each stands for one UUID wherever it stands
//! alone: as a whole JSON string, a whole path segment or an item of a query list.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

/// The lists of `given` whose `id` may be a short name.
const LISTS: [&str; 7] = ["establishments", "users", "housing", "owners", "campaigns", "groups", "events"];

/// The case with UUIDs in place of its short names.
pub fn replaced(case: Value) -> Value {
    let mut names = BTreeSet::new();
    gather(&case, &mut names);
    if names.is_empty() { case } else { replace(case, &names) }
}

fn gather(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, names)),
        Value::Object(members) => {
            if let Some(Value::Object(given)) = members.get("given") {
                let lists = LISTS.iter().chain(&["drafts"]).filter_map(|list| given.get(*list)?.as_array());
                let ids = lists.flatten().filter_map(|item| item.get("id")?.as_str());
                names.extend(ids.filter(|id| Uuid::try_parse(id).is_err()).map(str::to_owned));
            }
            members.values().for_each(|member| gather(member, names));
        }
        _ => {}
    }
}

fn replace(value: Value, names: &BTreeSet<String>) -> Value {
    match value {
        Value::String(text) if names.contains(&text) => uuid(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| replace(item, names)).collect(),
        Value::Object(members) => {
            let member = |(name, member): (String, Value)| match member {
                Value::String(path) if name == "path" => (name, in_path(&path, names).into()),
                member => (name, replace(member, names)),
            };
            Value::Object(members.into_iter().map(member).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn in_path(path: &str, names: &BTreeSet<String>) -> String {
    let mut replaced = String::new();
    let mut part = String::new();
    for letter in path.chars().chain(['\0']) {
        if matches!(letter, '/' | '?' | '&' | '=' | ',' | '\0') {
            replaced += &if names.contains(&part) { uuid(&part) } else { part.clone() };
            part.clear();
            if letter != '\0' {
                replaced.push(letter);
            }
        } else {
            part.push(letter);
        }
    }
    replaced
}

fn uuid(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(name.as_bytes())[..16]);
    Builder::from_random_bytes(bytes).into_uuid().to_string()
}
