use serde_json::{Value, json};

use super::*;
use crate::instant;

fn now() -> DateTime<Utc> {
    instant::parse("2026-04-01T22:30:00Z").unwrap()
}

fn lieu(nom: &str, street: &str) -> Value {
    let adresse = json!({"nom_voie": street, "code_postal": "35000", "code_insee": "35238", "nom_commune": "Rennes"});
    json!({"nom": nom, "ids": {"coop": Uuid::from_u128(9)}, "adresse": adresse})
}

fn payload(lieux: &Value) -> Payload {
    let payload = json!({"id": 1, "is_coordinateur": false, "is_conseiller_numerique": true, "lieux_activite": lieux});
    Payload::read(&payload).unwrap()
}

#[test]
fn places_are_linked_once_and_counted_over_all_turns() {
    let payload = payload(&json!([lieu("A", "Bourg"), lieu("B", " "), lieu("A", "Port"), lieu("C", "Bourg"), null, 3]));
    let known = Known::default();
    let all = imports(&payload, &BTreeSet::new(), &known, now(), IdSource::new(&Uuid::new_v4));
    let links: Vec<bool> = all.iter().map(|import| import.link.is_some()).collect();
    assert_eq!(links, [true, false, true]);
    assert!(all[0].created.is_some() && all[1].created.is_none() && all[2].created.is_some());
    assert_eq!(all[0].link.as_ref().unwrap().debut, "2026-04-02".parse().unwrap());

    let done: BTreeSet<Uuid> = all.iter().map(|import| import.structure).collect();
    let counted = count(&payload, &all, &done);
    assert_eq!(counted, Counts { imported: 2, already_linked: 1, skipped: 1 });
    let none = count(&payload, &all, &BTreeSet::new());
    assert_eq!(none, Counts { imported: 0, already_linked: 3, skipped: 1 });
}

#[test]
fn places_are_never_looked_up_by_coop_id() {
    let asked = lookups(&payload(&json!([lieu("A", "Bourg")])));
    assert!(!asked.is_empty() && !asked.iter().any(|lookup| matches!(lookup, Lookup::Id(_))));
}
