use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::coop::ids::numbered;
use crate::coop::payload::Payload;

const INSEE: &str = "35238";
const SIRET: &str = "20000137800013";

fn now() -> DateTime<Utc> {
    instant::parse("2026-04-01T12:00:00Z").unwrap()
}

fn structure(id: u128, siret: Option<&str>, age: i64, deleted: bool) -> Structure {
    Structure {
        id: Uuid::from_u128(id),
        nom: "Mairie".to_owned(),
        siret: siret.map(str::to_owned),
        adresse: None,
        code_postal: None,
        code_insee: Some(INSEE.to_owned()),
        commune: None,
        nom_referent: None,
        courriel_referent: None,
        telephone_referent: None,
        created_at: now() - TimeDelta::days(age),
        deleted_at: deleted.then(now),
    }
}

fn known(structures: &[Structure]) -> Known {
    let mut known = Known::default();
    for structure in structures {
        known.structures.insert(structure.id, structure.clone());
        for key in structure.match_keys() {
            let matches = known.matches.entry(key).or_default();
            matches.ids.push(structure.id);
            matches.revision += 1;
        }
    }
    known
}

/// An employer named `Mairie` at a complete address, but for what `other` says.
fn employer(other: Value) -> payload::Structure {
    let mut entry = json!({
        "nom": "Mairie",
        "adresse": {"nom_voie": "Bourg", "code_postal": "35000", "code_insee": INSEE, "nom_commune": "Rennes"},
    });
    for (name, value) in other.as_object().unwrap() {
        entry[name] = value.clone();
    }
    let payload = json!({
        "id": 1, "is_coordinateur": false, "is_conseiller_numerique": true, "structures_employeuses": [entry],
    });
    Payload::read(&payload).unwrap().structures.remove(0)
}

/// Which structures `entries` mean, in turn: the number of a known one, 0 for a new one; and those undeleted.
fn resolved(structures: &[Structure], emplois: &[Emploi], entries: &[Value]) -> (Vec<Option<u128>>, Vec<u128>) {
    let known = known(structures);
    let make = numbered();
    let mut resolver = Resolver::new(&known, now(), IdSource::new(&make));
    let meant = entries
        .iter()
        .map(|entry| resolver.resolve_employer(&employer(entry.clone()), emplois).map(|id| id.as_u128()))
        .collect();
    (meant, resolver.undeleted.iter().map(Uuid::as_u128).collect())
}

fn check(structures: &[Structure], entry: Value, meant: u128, undeleted: &[u128]) {
    assert_eq!(resolved(structures, &[], &[entry]), (vec![Some(meant)], undeleted.to_vec()));
}

#[test]
fn by_coop_id_whatever_else_is_said_even_deleted() {
    let structures = [structure(1, None, 9, true), structure(2, Some(SIRET), 1, false)];
    check(&structures, json!({"siret": SIRET, "ids": {"coop": Uuid::from_u128(1)}}), 1, &[1]);
    check(&structures, json!({"siret": SIRET, "ids": {"coop": Uuid::from_u128(9)}}), 2, &[]);
    check(&structures, json!({"ids": {"coop": Uuid::from_u128(1)}, "adresse": null}), 1, &[1]);
}

#[test]
fn by_siret_the_newest_that_is_not_deleted() {
    let by_siret = json!({"siret": SIRET});
    let twins = [(1, 3, false), (2, 1, false), (3, 2, false), (4, 0, true)];
    let twins = twins.map(|(id, age, deleted)| structure(id, Some(SIRET), age, deleted));
    check(&twins, by_siret.clone(), 2, &[]);
    check(&twins[3..], by_siret.clone(), 1_001, &[]);
    // A homonym without SIRET is another structure.
    check(&[structure(1, None, 0, false)], by_siret, 1_001, &[]);
}

#[test]
fn without_siret_by_name_the_active_one_first_then_the_newest() {
    let homonyms = [(1, 5, false), (2, 0, true), (3, 9, false), (4, 1, true)];
    let homonyms = homonyms.map(|(id, age, deleted)| structure(id, Some(SIRET), age, deleted));
    check(&homonyms, json!({}), 1, &[]);
    check(&[homonyms[1].clone(), homonyms[3].clone()], json!({}), 2, &[2]);
    check(&homonyms, json!({"nom": "mairie"}), 1_001, &[]);
}

#[test]
fn an_incomplete_address_reuses_an_employer_of_the_user_or_is_left_out() {
    let structures = [1, 2, 3].map(|id| structure(id, Some(SIRET), 1, false));
    let emploi = |structure: u128, age, deleted: bool| Emploi {
        id: Uuid::from_u128(structure),
        structure: Uuid::from_u128(structure),
        debut: None,
        fin: None,
        deleted_at: deleted.then(now),
        created_at: now() - TimeDelta::days(age),
    };
    let emplois = [emploi(1, 3, false), emploi(2, 2, false), emploi(3, 1, true)];
    let incomplete = json!({"siret": SIRET, "adresse": {"nom_voie": "Bourg", "code_insee": INSEE}});
    let meant = |emplois: &[Emploi], entry: &Value| resolved(&structures, emplois, std::slice::from_ref(entry)).0[0];
    assert_eq!(meant(&emplois, &incomplete), Some(2));
    assert_eq!(meant(&emplois[2..], &incomplete), Some(3));
    assert_eq!(meant(&[], &incomplete), None);
    assert_eq!(meant(&emplois, &json!({"adresse": null})), None);
}

#[test]
fn what_an_entry_makes_the_next_ones_find() {
    let (siret, other) = (json!({"siret": SIRET}), json!({"siret": "20000685600013"}));
    let (meant, _) = resolved(&[], &[], &[siret.clone(), siret, json!({}), other]);
    assert_eq!(meant, [Some(1_001), Some(1_001), Some(1_001), Some(1_002)]);
    let deleted = [structure(1, Some(SIRET), 1, true)];
    assert_eq!(resolved(&deleted, &[], &[json!({}), json!({"siret": SIRET})]), (vec![Some(1), Some(1)], vec![1]));
}

#[test]
fn a_structure_is_made_of_the_payload_unless_somebody_made_it_meanwhile() {
    let entry = json!({
        "siret": SIRET,
        "contact": {"nom": "Dupont", "courriels": {"mail_pro": "pro@example.fr"}, "telephone": "0299000000"},
    });
    let deleted = [structure(1, Some(SIRET), 1, true)];
    let known = known(&deleted);
    let make = numbered();
    let mut resolver = Resolver::new(&known, now(), IdSource::new(&make));
    resolver.resolve_employer(&employer(entry.clone()), &[]).unwrap();
    let NewStructure { structure, searched, revision } = resolver.created.remove(0);
    assert_eq!((searched, revision), (MatchKey::Siret(SIRET.to_owned(), INSEE.to_owned()), 1));
    assert_eq!((structure.nom_referent.as_deref(), structure.courriel_referent.as_deref()), (Some("Dupont"), None));
    assert_eq!((structure.adresse.as_deref(), structure.commune.as_deref()), (Some("Bourg"), Some("Rennes")));
    assert_eq!((structure.created_at, structure.deleted_at), (now(), None));

    resolver.resolve_lieu(&employer(entry)).unwrap();
    assert_eq!(resolver.created[0].structure.courriel_referent.as_deref(), Some("pro@example.fr"));
}

#[test]
fn only_what_can_decide_is_looked_up() {
    let id = Uuid::from_u128(1);
    let asked = |entry: Value| lookups([&employer(entry)]).into_iter().collect::<Vec<_>>();
    let by_siret = Lookup::Matching(MatchKey::Siret(SIRET.to_owned(), INSEE.to_owned()));
    assert_eq!(asked(json!({"siret": SIRET, "ids": {"coop": id}})), [Lookup::Id(id), by_siret]);
    assert_eq!(asked(json!({})), [Lookup::Matching(MatchKey::Nom("Mairie".to_owned(), INSEE.to_owned()))]);
    assert_eq!(asked(json!({"siret": SIRET, "adresse": null})), []);
}

#[test]
fn a_structure_stored_in_another_form_is_the_same() {
    let entry = |siret: &str, insee: &str| {
        let adresse = json!({"nom_voie": "Bourg", "code_postal": "1", "code_insee": insee, "nom_commune": "X"});
        json!({"siret": siret, "adresse": adresse})
    };
    for (stored, sent) in [
        ("49108", "49183"),
        ("49183", "49108"),
        ("69123", "69382"),
        ("1004", "01004"),
        ("01004", "1004"),
        ("2A004", "2a004"),
    ] {
        let row =
            Structure { code_insee: Some(stored.to_owned()), ..structure(1, Some("200 001 378 00013"), 1, false) };
        check(&[row], entry("200.001.378 00013", sent), 1, &[]);
    }
    // Before codes were brought to one form, the list was that of the form as sent.
    let asked = lookups([&employer(entry(SIRET, "49183"))]);
    assert!(asked.contains(&Lookup::Matching(MatchKey::Siret(SIRET.to_owned(), "49108".to_owned()))));
}

#[test]
fn an_address_that_may_not_be_told_is_an_incomplete_one() {
    let hidden = "[NON-DIFFUSIBLE]";
    let adresse = json!({"nom_voie": hidden, "code_postal": hidden, "code_insee": hidden, "nom_commune": hidden});
    assert_eq!(resolved(&[], &[], &[json!({"siret": SIRET, "adresse": adresse})]).0, [None]);
}

#[test]
fn the_same_contract_under_another_commune_is_the_same_emploi() {
    let moved = structure(1, Some(SIRET), 1, false);
    let emploi = |debut: &str, deleted: bool| Emploi {
        id: Uuid::from_u128(5),
        structure: Uuid::from_u128(1),
        debut: debut.parse().ok(),
        fin: None,
        deleted_at: deleted.then(now),
        created_at: now(),
    };
    let adresse = json!({"nom_voie": "Bourg", "code_postal": "35", "code_insee": "69266", "nom_commune": "X"});
    let entry = json!({"siret": SIRET, "adresse": adresse, "contrats": [{"date_debut": "2024-01-01"}]});
    let meant = |emplois: &[Emploi]| resolved(std::slice::from_ref(&moved), emplois, std::slice::from_ref(&entry)).0[0];
    assert_eq!(meant(&[emploi("2024-01-01", false)]), Some(1));
    assert_eq!(meant(&[emploi("2024-01-02", false)]), Some(1_001));
    assert_eq!(meant(&[emploi("2024-01-01", true)]), Some(1_001));
    assert_eq!(meant(&[]), Some(1_001));
}
