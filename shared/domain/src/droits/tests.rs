//! The three decisions, on one establishment.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::{Establishment, Prospect, Role, User};
use super::diagram::{Flow, highlighted};
use super::perimeter::{GeoCode, Perimeter};
use super::portail_df::{Consultation, Entry, Group, Part, Structure};
use super::suspension::{Cause, Suspension};
use super::{change, connection, creation};

fn now() -> DateTime<Utc> {
    crate::instant::parse("2026-04-01T12:00:00Z").unwrap()
}

fn establishment() -> Establishment {
    Establishment {
        id: Uuid::from_u128(1),
        siren: "246700488".to_owned(),
        name: "Eurométropole de Strasbourg".to_owned(),
        geo_codes: ["67482", "67447"].iter().filter_map(|code| GeoCode::parse(code)).collect(),
    }
}

fn user() -> User {
    User {
        id: Uuid::from_u128(2),
        email: "lea.martin@strasbourg.eu".to_owned(),
        role: Role::Usual,
        establishment_id: Uuid::from_u128(1),
        suspension: None,
        deleted_at: None,
        last_authenticated_at: None,
    }
}

fn entry() -> Entry {
    Entry {
        date_expiration: None,
        cgu_valide: true,
        structure: Part::Known(Structure {
            id: 10,
            siren: "246700488".to_owned(),
            name: "CU Strasbourg".to_owned(),
            acces_lovac: crate::instant::parse("2027-12-31T00:00:00Z"),
        }),
        group: Part::Known(Group { id: 7, niveau_acces: Some("lovac".to_owned()), lovac: false }),
        perimeter: Part::Known(Perimeter { departments: vec!["67".to_owned()], ..Perimeter::default() }),
    }
}

fn created(consultation: &Consultation) -> (creation::Outcome, String) {
    let prospect = Prospect { email: "lea.martin@strasbourg.eu".to_owned(), has_account: true, has_commitment: true };
    let (outcome, trail) = creation::decide(
        &creation::Facts {
            test_account: false,
            prospect: Some(&prospect),
            establishment: Some(&establishment()),
            consultation: Some(consultation),
            email_used: false,
        },
        now(),
    );
    (outcome, trail.names())
}

fn signed_in(user: &User, entries: Vec<Entry>) -> (connection::Outcome, String) {
    let consultation = Consultation::Answered(entries);
    let (outcome, trail) = connection::decide(
        &connection::Facts {
            user: Some(user),
            password: Some(true),
            second_factor_due: false,
            establishment: Some(&establishment()),
            member: true,
            consultation: Some(&consultation),
        },
        now(),
    );
    (outcome, trail.names())
}

fn failing(outcome: &connection::Outcome) -> &[Cause] {
    match outcome {
        connection::Outcome::Accepted(rights) => rights.failing().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_creation_ends_at_the_first_check_that_fails() {
    let refused = |entry: Entry| created(&Consultation::Answered(vec![entry]));
    let (outcome, trail) = refused(entry());
    assert!(matches!(outcome, creation::Outcome::Accepted { .. }));
    assert_eq!(trail, "C1 C2 C4 C6 C8 C10 C11 C13 C15 C16 C18 C20");
    let (outcome, trail) = refused(Entry { group: Part::None, perimeter: Part::None, ..entry() });
    assert_eq!(outcome, creation::Outcome::Refused(creation::Refusal::AccessLevel));
    assert_eq!(trail, "C1 C2 C4 C6 C8 C10 C11 C13 C15 C16 C17");
    let (outcome, trail) = created(&Consultation::Answered(Vec::new()));
    assert_eq!(outcome, creation::Outcome::Refused(creation::Refusal::StructureUnknown));
    assert!(trail.ends_with("C11 C12"));
}

#[test]
fn what_could_not_be_asked_is_never_a_refusal() {
    for (entries, expected) in [
        (vec![Entry { structure: Part::Failed, ..entry() }, entry()], false),
        (vec![Entry { group: Part::Failed, perimeter: Part::Failed, ..entry() }], false),
        (vec![Entry { perimeter: Part::Failed, ..entry() }], false),
        (vec![entry()], true),
    ] {
        let (outcome, trail) = created(&Consultation::Answered(entries.clone()));
        assert_eq!(matches!(outcome, creation::Outcome::Accepted { .. }), expected, "{entries:?}");
        if !expected {
            assert_eq!(outcome, creation::Outcome::Unavailable);
            assert!(trail.ends_with("C8 C10"));
        }
    }
    // A group of another structure that fails is of no concern.
    let mut elsewhere = Entry { group: Part::Failed, ..entry() };
    if let Part::Known(structure) = &mut elsewhere.structure {
        structure.siren = "243500139".to_owned();
    }
    assert!(matches!(created(&Consultation::Answered(vec![elsewhere, entry()])).0, creation::Outcome::Accepted { .. }));
}

#[test]
fn one_entry_is_retained_and_rights_are_never_added_up() {
    let no_level = Entry { group: Part::Known(Group { id: 1, niveau_acces: None, lovac: false }), ..entry() };
    let no_perimeter = Entry { perimeter: Part::Known(Perimeter::default()), ..entry() };
    let (outcome, _) = signed_in(&user(), vec![no_level.clone(), no_perimeter.clone()]);
    assert_eq!(failing(&outcome), [Cause::Perimeter]);
    let (outcome, _) = signed_in(&user(), vec![no_level, no_perimeter, entry()]);
    assert_eq!(failing(&outcome), []);
}

#[test]
fn a_sign_in_tells_all_that_fails_and_stops_its_path_at_the_first() {
    let (outcome, trail) = signed_in(&user(), vec![Entry { cgu_valide: false, group: Part::None, ..entry() }]);
    assert_eq!(failing(&outcome), [Cause::AccessLevel, Cause::Conditions]);
    assert_eq!(trail, "L1 L2 L4 L6 L8 L10 L11 L13 L14 L16 L17 L19 L20 L22 L23 L24 L29");
    let suspended = User { suspension: Some(Suspension { at: now(), cause: "cgu vides".to_owned() }), ..user() };
    let (outcome, trail) = signed_in(&suspended, vec![entry()]);
    assert!(trail.ends_with("L25 date_expiration cgu_valide L27 L28 L29"), "{trail}");
    let connection::Outcome::Accepted(rights) = outcome else { panic!() };
    assert_eq!(rights.suspension(suspended.suspension.as_ref()), None);
}

#[test]
fn an_administrator_is_not_checked_and_a_stranger_is_refused() {
    let admin = User { role: Role::Admin, ..user() };
    let (outcome, trail) = signed_in(&admin, Vec::new());
    assert_eq!(outcome, connection::Outcome::Accepted(connection::Rights::Administrator));
    assert!(trail.ends_with("L14 L15 L29"));
    let consultation = Consultation::Answered(Vec::new());
    let facts =
        change::Facts { user: &user(), establishment: Some(&establishment()), member: true, consultation: None };
    let (outcome, _) = change::decide(&facts, now());
    assert_eq!(outcome, change::Outcome::AskPortailDf);
    let (outcome, trail) = change::decide(&change::Facts { consultation: Some(&consultation), ..facts }, now());
    assert_eq!(outcome, change::Outcome::Refused(connection::Refusal::StructureUnknown));
    assert!(trail.names().ends_with("M7 M8"));
}

#[test]
fn the_diagram_shows_the_path_and_only_declared_nodes() {
    let consultation = Consultation::Answered(vec![entry()]);
    let (user, establishment) = (user(), establishment());
    let facts = connection::Facts {
        user: Some(&user),
        password: None,
        second_factor_due: false,
        establishment: Some(&establishment),
        member: true,
        consultation: Some(&consultation),
    };
    let drawn = highlighted(Flow::Connexion, &connection::decide(&facts, now()).1);
    assert!(drawn.starts_with("flowchart TD"));
    assert!(
        drawn.contains("class L1,L2,L4,L6,L8,L10,L11,L13,L14,L16,L17,L19,L20,L22,L23,L25,L27,L29 chemin"),
        "{drawn}"
    );
    // L1 --> L2 is the first arrow; L27 -->|Non| L29 the last.
    let links = drawn.lines().find(|line| line.contains("linkStyle")).unwrap();
    assert!(links.contains(" 0,") && !links.contains("cgu"), "{links}");
}
