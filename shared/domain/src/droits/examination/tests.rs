use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::droits::perimeter::GeoCode;
use crate::droits::portail_df::Fetched;

fn now() -> DateTime<Utc> {
    crate::instant::parse("2026-04-01T12:00:00Z").unwrap()
}

fn establishment() -> Establishment {
    Establishment {
        id: Uuid::from_u128(1),
        siren: "246700488".to_owned(),
        name: "Eurométropole de Strasbourg".to_owned(),
        geo_codes: GeoCode::parse("67482").into_iter().collect(),
    }
}

fn entry(structure: i64) -> Entry {
    Entry {
        date_expiration: Fetched::None,
        cgu_valide: true,
        structure: Fetched::Known(PortailStructure {
            id: structure,
            siren: "246700488".to_owned(),
            name: "CU Strasbourg".to_owned(),
            acces_lovac: Fetched::Known(now() + TimeDelta::days(1)),
        }),
        group: Fetched::Known(PortailGroup { id: 7, niveau_acces: Some("lovac".to_owned()), lovac: false }),
        perimeter: Fetched::Known(Perimeter { departments: vec!["67".to_owned()], ..Perimeter::default() }),
    }
}

fn check(entries: Vec<Entry>, retained: i64, failing: &[Cause]) {
    let consultation = Consultation::Answered(entries);
    let examined = retain(&consultation, &establishment(), &Cause::ALL, now()).unwrap().unwrap();
    assert_eq!((examined.structure.id, examined.failing.as_slice()), (retained, failing));
}

#[test]
fn the_entry_that_gets_furthest_is_retained() {
    let no_level = Entry { group: Fetched::None, ..entry(1) };
    let no_conditions = Entry { cgu_valide: false, ..entry(2) };
    check(vec![no_level.clone(), no_conditions.clone()], 2, &[Cause::Conditions]);
    check(vec![no_conditions, no_level.clone(), entry(3)], 3, &[]);
    // Of the failing it is the first cause that tells how far an entry gets, not how many there are.
    let expired = Entry { date_expiration: Fetched::Known(now()), cgu_valide: false, ..entry(4) };
    check(vec![no_level, expired], 4, &[Cause::UserExpired, Cause::Conditions]);
}

#[test]
fn of_entries_that_tie_the_first_is_retained() {
    check(vec![entry(1), entry(2)], 1, &[]);
    let no_conditions = |id| Entry { cgu_valide: false, ..entry(id) };
    check(vec![no_conditions(2), no_conditions(1)], 2, &[Cause::Conditions]);
}

#[test]
fn what_ends_now_is_over() {
    let ending = |end| Entry { date_expiration: Fetched::Known(end), ..entry(1) };
    check(vec![ending(now())], 1, &[Cause::UserExpired]);
    check(vec![ending(now() + TimeDelta::milliseconds(1))], 1, &[]);
    let mut access_over = entry(1);
    if let Fetched::Known(structure) = &mut access_over.structure {
        structure.acces_lovac = Fetched::Known(now());
    }
    check(vec![access_over.clone()], 1, &[Cause::StructureExpired]);
    assert!(sirens_with_lovac(&Consultation::Answered(vec![access_over]), now()).is_empty());
}

#[test]
fn a_date_that_cannot_be_read_concerns_its_own_entry_only() {
    let unreadable = Entry { date_expiration: Fetched::Failed, ..entry(1) };
    check(vec![unreadable.clone(), entry(2)], 2, &[]);
    let retained = |entries: Vec<Entry>, scope: &[Cause]| {
        let consultation = Consultation::Answered(entries);
        retain(&consultation, &establishment(), scope, now()).map(|found| found.map(|examined| examined.failing))
    };
    // It might be the one that passes.
    let no_conditions = Entry { cgu_valide: false, ..entry(2) };
    assert_eq!(retained(vec![unreadable.clone(), no_conditions], &Cause::ALL), Err(Unavailable));
    // A creation does not look at it.
    assert_eq!(retained(vec![unreadable], &[Cause::StructureExpired]), Ok(Some(Vec::new())));
    let mut elsewhere = entry(1);
    if let Fetched::Known(structure) = &mut elsewhere.structure {
        structure.siren = "213502388".to_owned();
        structure.acces_lovac = Fetched::Failed;
    }
    check(vec![elsewhere, entry(2)], 2, &[]);
}
