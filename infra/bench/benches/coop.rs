//! What planning a synchronisation costs: `cargo bench -p bench --bench coop`.

use std::cell::Cell;
use std::hint::black_box;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use domain::coop::ids::IdSource;
use domain::coop::payload::Payload;
use domain::coop::plan::{Facts, Occasion, plan};
use domain::coop::structures::{Known, Matches, Structure};
use domain::coop::user::{Emploi, Identity, User};
use serde_json::{Value, json};
use uuid::Uuid;

/// Contracts of the payload, and emplois of the user.
const COUNT: u64 = 100;
/// Structures they are shared out among.
const STRUCTURES: u64 = 10;

fn debut(rank: u64) -> NaiveDate {
    NaiveDate::default() + Days::new(20_000 + 7 * rank)
}

fn siret(structure: u64) -> String {
    format!("{:014}", 20_000_000_000_000 + structure)
}

fn payload() -> Value {
    let structures: Vec<Value> = (0..STRUCTURES)
        .map(|structure| {
            let ranks = (0..COUNT).filter(|rank| rank % STRUCTURES == structure);
            let contrats: Vec<Value> = ranks.map(|rank| json!({"type": "CDD", "date_debut": debut(rank)})).collect();
            let adresse =
                json!({"nom_voie": "Bourg", "code_postal": "35000", "code_insee": "35238", "nom_commune": "Rennes"});
            json!({"nom": "Mairie", "siret": siret(structure), "adresse": adresse, "contrats": contrats})
        })
        .collect();
    json!({
        "id": 7, "is_coordinateur": false, "is_conseiller_numerique": true, "structures_employeuses": structures,
    })
}

fn known(now: DateTime<Utc>) -> Known {
    let mut known = Known::default();
    for structure in 0..STRUCTURES {
        let structure = Structure {
            id: Uuid::from_u128(u128::from(structure) + 1),
            nom: "Mairie".to_owned(),
            siret: Some(siret(structure)),
            adresse: None,
            code_postal: None,
            code_insee: Some("35238".to_owned()),
            commune: None,
            nom_referent: None,
            courriel_referent: None,
            telephone_referent: None,
            created_at: now,
            deleted_at: None,
        };
        for key in structure.match_keys() {
            known.matches.entry(key).or_insert_with(Matches::default).ids.push(structure.id);
        }
        known.structures.insert(structure.id, structure);
    }
    known
}

fn planning(criterion: &mut Criterion) {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let identity = Identity { email: "a@b.fr".into(), prenom: "A".into(), nom: "B".into(), telephone: None };
    let user = User { is_conseiller_numerique: true, ..User::registered(Uuid::nil(), identity) };
    let (known, text) = (known(now), payload().to_string());
    // Half of the rows are those of contracts, the other half is to be removed.
    let emploi = |rank: u64| Emploi {
        id: Uuid::from_u128(u128::from(rank) + 1_000),
        structure: Uuid::from_u128(u128::from(rank % STRUCTURES) + 1),
        debut: Some(if rank.is_multiple_of(2) { debut(rank) } else { debut(rank + COUNT) }),
        fin: None,
        deleted_at: None,
        created_at: now,
    };
    let (unchanged, half): (Vec<Emploi>, Vec<Emploi>) = (
        (0..COUNT).map(|rank| Emploi { debut: Some(debut(rank)), ..emploi(rank) }).collect(),
        (0..COUNT).map(emploi).take(80).collect(),
    );
    let read = || Payload::read(&serde_json::from_str(black_box(&text)).unwrap_or_default());
    criterion.bench_function("lecture de 100 contrats", |bencher| bencher.iter(read));
    let Ok(payload) = read() else { return };
    for (name, emplois) in [("100 contrats, 100 emplois inchangés", &unchanged), ("100 contrats, 80 emplois", &half)] {
        criterion.bench_function(name, |bencher| {
            let last = Cell::new(0_u128);
            let make = || {
                last.set(last.get() + 1);
                Uuid::from_u128(last.get())
            };
            let ids = IdSource::new(&make);
            let facts = Facts { user: &user, emplois, lieux: &[], known: &known, payload: &payload, now, ids };
            bencher.iter(|| plan(black_box(facts), Occasion::Sync));
        });
    }
}

criterion_group!(benches, planning);
criterion_main!(benches);
