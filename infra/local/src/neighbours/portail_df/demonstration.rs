//! Demonstration people: one for each way a sign-in ends.

use serde_json::{Map, Value, json};

use super::Directory;
use super::people::Entry;

/// Their password.
pub const PASSWORD: &str = "Motdepasse2026";

/// A demonstration person.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Signs in with it.
    pub email: &'static str,
    /// What is special about them.
    pub story: &'static str,
    entry: fn() -> Entry,
}

/// All of them.
pub const PEOPLE: [Person; 5] = [
    Person { email: "tout-va-bien@strasbourg.demo.fr", story: "tous les droits sont là", entry: sound },
    Person {
        email: "structure-echue@strasbourg.demo.fr",
        story: "l'accès LOVAC de la structure a expiré",
        entry: || Entry { structure: Some(structure("2024-12-31T00:00:00Z")), ..sound() },
    },
    Person {
        email: "mauvais-niveau@strasbourg.demo.fr",
        story: "le groupe n'a pas le niveau LOVAC",
        entry: || Entry { group: Some(object(json!({"niveau_acces": "dvf", "lovac": false}))), ..sound() },
    },
    Person {
        email: "mauvais-perimetre@strasbourg.demo.fr",
        story: "le périmètre ne couvre aucune commune de l'établissement",
        entry: || Entry { perimeter: Some(object(json!({"dep": ["35"]}))), ..sound() },
    },
    Person {
        email: "portail-en-panne@strasbourg.demo.fr",
        story: "Portail DF ne répond pas pour cette personne",
        entry: || Entry { structure_fails: Some(500), ..sound() },
    },
];

/// What Portail DF knows of them.
#[must_use]
pub fn directory() -> Directory {
    let mut directory = Directory::default();
    for person in PEOPLE {
        directory.add(person.email, (person.entry)());
    }
    directory
}

fn sound() -> Entry {
    Entry {
        structure: Some(structure("2099-12-31T00:00:00Z")),
        group: Some(object(json!({"niveau_acces": "lovac", "lovac": true}))),
        perimeter: Some(object(json!({"dep": ["67"]}))),
        ..Entry::default()
    }
}

fn structure(acces_lovac: &str) -> Map<String, Value> {
    object(json!({
        "siret": "24670048800017", "nom": "Eurométropole de Strasbourg", "acces_lovac": acces_lovac,
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
