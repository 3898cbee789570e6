//! The three decisions, on one establishment.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::account::{Establishment, Prospect, Role, User};
use super::creation::{CreationFacts, CreationOutcome, CreationRefusal};
use super::decision::{Decision, Pending, Step};
use super::diagram::{Flow, highlighted};
use super::perimeter::{GeoCode, Perimeter};
use super::portail_df::{Consultation, Entry, Fetched, PortailGroup, PortailStructure};
use super::rights::Rights;
use super::sign_in::{Password, SecondFactor, SignInFacts, SignInOutcome, SignInRefusal};
use super::suspension::{Cause, Suspension};
use super::{change, creation, sign_in};

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
        created_at: None,
        deleted_at: None,
        last_authenticated_at: None,
        deletion_announced: None,
    }
}

fn entry() -> Entry {
    Entry {
        date_expiration: Fetched::None,
        cgu_valide: true,
        structure: Fetched::Known(PortailStructure {
            id: 10,
            siren: "246700488".to_owned(),
            name: "CU Strasbourg".to_owned(),
            acces_lovac: Fetched::Known(crate::instant::parse("2027-12-31T00:00:00Z").unwrap()),
        }),
        group: Fetched::Known(PortailGroup { id: 7, niveau_acces: Some("lovac".to_owned()), lovac: false }),
        perimeter: Fetched::Known(Perimeter { departments: vec!["67".to_owned()], ..Perimeter::default() }),
    }
}

fn finish<P: Pending>(step: Step<P>, consultation: &Consultation) -> (P::Outcome, String) {
    let Decision { outcome, trail } = match step {
        Step::Decided(decision) => decision,
        Step::AskPortailDf(pending) => pending.finish(consultation, now()),
    };
    (outcome, trail.names())
}

fn created(consultation: &Consultation) -> (CreationOutcome, String) {
    let prospect = Prospect { email: "lea.martin@strasbourg.eu".to_owned(), has_account: true, has_commitment: true };
    let facts = CreationFacts {
        test_account: false,
        prospect: Some(&prospect),
        establishment: Some(&establishment()),
        email_used: false,
    };
    finish(creation::begin(&facts), consultation)
}

fn signed_in(user: &User, entries: Vec<Entry>) -> (SignInOutcome, String) {
    let facts = SignInFacts {
        user: Some(user),
        password: Password::Right,
        second_factor: SecondFactor::Satisfied,
        establishment: Some(&establishment()),
        member: true,
        checked_before: true,
    };
    finish(sign_in::begin(&facts), &Consultation::Answered(entries))
}

fn failing(outcome: &SignInOutcome) -> &[Cause] {
    match outcome {
        SignInOutcome::Accepted(rights) => rights.failing().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_creation_ends_at_the_first_check_that_fails() {
    let refused = |entry: Entry| created(&Consultation::Answered(vec![entry]));
    let (outcome, trail) = refused(entry());
    assert!(matches!(outcome, CreationOutcome::Accepted { .. }));
    assert_eq!(trail, "C1 C2 C4 C6 C8 C10 C11 C13 C15 C16 C18 C20");
    let (outcome, trail) = refused(Entry { group: Fetched::None, perimeter: Fetched::None, ..entry() });
    assert_eq!(outcome, CreationOutcome::Refused(CreationRefusal::AccessLevel));
    assert_eq!(trail, "C1 C2 C4 C6 C8 C10 C11 C13 C15 C16 C17");
    let (outcome, trail) = created(&Consultation::Answered(Vec::new()));
    assert_eq!(outcome, CreationOutcome::Refused(CreationRefusal::StructureUnknown));
    assert!(trail.ends_with("C11 C12"));
}

#[test]
fn what_could_not_be_asked_is_never_a_refusal() {
    for (entries, expected) in [
        (vec![Entry { structure: Fetched::Failed, ..entry() }, entry()], false),
        (vec![Entry { group: Fetched::Failed, perimeter: Fetched::Failed, ..entry() }], false),
        (vec![Entry { perimeter: Fetched::Failed, ..entry() }], false),
        (vec![entry()], true),
    ] {
        let (outcome, trail) = created(&Consultation::Answered(entries.clone()));
        assert_eq!(matches!(outcome, CreationOutcome::Accepted { .. }), expected, "{entries:?}");
        if !expected {
            assert_eq!(outcome, CreationOutcome::Unavailable);
            assert!(trail.ends_with("C8 C10"));
        }
    }
    // A group of another structure that fails is of no concern.
    let mut elsewhere = Entry { group: Fetched::Failed, ..entry() };
    if let Fetched::Known(structure) = &mut elsewhere.structure {
        structure.siren = "243500139".to_owned();
    }
    assert!(matches!(created(&Consultation::Answered(vec![elsewhere, entry()])).0, CreationOutcome::Accepted { .. }));
}

#[test]
fn one_entry_is_retained_and_rights_are_never_added_up() {
    let no_level = Entry { group: Fetched::Known(PortailGroup { id: 1, niveau_acces: None, lovac: false }), ..entry() };
    let no_perimeter = Entry { perimeter: Fetched::Known(Perimeter::default()), ..entry() };
    let (outcome, _) = signed_in(&user(), vec![no_level.clone(), no_perimeter.clone()]);
    assert_eq!(failing(&outcome), [Cause::Perimeter]);
    let (outcome, _) = signed_in(&user(), vec![no_level, no_perimeter, entry()]);
    assert_eq!(failing(&outcome), []);
}

#[test]
fn a_sign_in_tells_all_that_fails_and_stops_its_path_at_the_first() {
    let (outcome, trail) = signed_in(&user(), vec![Entry { cgu_valide: false, group: Fetched::None, ..entry() }]);
    assert_eq!(failing(&outcome), [Cause::AccessLevel, Cause::Conditions]);
    assert_eq!(trail, "L1 L2 L4 L6 L8 L10 L11 L13 L14 L16 L17 L19 L20 L22 L23 L24 L29");
    let suspended = User { suspension: Some(Suspension { at: now(), cause: "cgu vides".to_owned() }), ..user() };
    let (outcome, trail) = signed_in(&suspended, vec![entry()]);
    assert!(trail.ends_with("L25 date_expiration cgu_valide L27 L28 L29"), "{trail}");
    let SignInOutcome::Accepted(rights) = outcome else { panic!() };
    assert_eq!(rights.suspension(suspended.suspension.as_ref()), None);
}

#[test]
fn an_administrator_is_not_checked_and_a_stranger_is_refused() {
    let admin = User { role: Role::Admin, ..user() };
    let (outcome, trail) = signed_in(&admin, Vec::new());
    assert_eq!(outcome, SignInOutcome::Accepted(Rights::Administrator));
    assert!(trail.ends_with("L14 L15 L29"));
    let (user, establishment) = (user(), establishment());
    let facts = change::ChangeFacts { user: &user, establishment: Some(&establishment), member: true };
    let Step::AskPortailDf(_) = change::begin(&facts) else { panic!("decided without Portail DF") };
    let (outcome, trail) = finish(change::begin(&facts), &Consultation::Answered(Vec::new()));
    assert_eq!(outcome, change::ChangeOutcome::Refused(SignInRefusal::StructureUnknown));
    assert!(trail.ends_with("M7 M8"));
}

#[test]
fn the_diagram_shows_the_path_and_only_declared_nodes() {
    let consultation = Consultation::Answered(vec![entry()]);
    let (user, establishment) = (user(), establishment());
    let facts = SignInFacts {
        user: Some(&user),
        password: Password::NotExamined,
        second_factor: SecondFactor::Satisfied,
        establishment: Some(&establishment),
        member: true,
        checked_before: true,
    };
    let Step::AskPortailDf(pending) = sign_in::begin(&facts) else { panic!("decided without Portail DF") };
    let drawn = highlighted(Flow::Connexion, &pending.finish(&consultation, now()).trail);
    assert!(drawn.starts_with("flowchart TD"));
    assert!(
        drawn.contains("class L1,L2,L4,L6,L8,L10,L11,L13,L14,L16,L17,L19,L20,L22,L23,L25,L27,L29 chemin"),
        "{drawn}"
    );
    // L1 --> L2 is the first arrow; L27 -->|Non| L29 the last.
    let links = drawn.lines().find(|line| line.contains("linkStyle")).unwrap();
    assert!(links.contains(" 0,") && !links.contains("cgu"), "{links}");
}
