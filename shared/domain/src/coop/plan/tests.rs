//! Plans, emplois included: what becomes of a user with these emplois when this payload is read.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::coop::history::ChangeKind;
use crate::coop::ids::numbered;
use crate::coop::user::Identity;
use crate::instant;

fn now() -> DateTime<Utc> {
    instant::parse("2026-04-01T22:30:00Z").unwrap()
}

fn user(conseiller: bool) -> User {
    let identity = Identity { email: "a@b.fr".into(), prenom: "A".into(), nom: "B".into(), telephone: None };
    User {
        is_conseiller_numerique: conseiller,
        dataspace_id: Some(7),
        ..User::registered(Uuid::from_u128(1), identity)
    }
}

fn structure(id: u128) -> Structure {
    Structure {
        id: Uuid::from_u128(id),
        nom: format!("S{id}"),
        siret: None,
        adresse: None,
        code_postal: None,
        code_insee: Some("35238".into()),
        commune: None,
        nom_referent: None,
        courriel_referent: None,
        telephone_referent: None,
        created_at: now(),
        deleted_at: None,
    }
}

/// A row of structure 10, by its first day; the later in a list, the newer.
fn row(id: u128, debut: Option<&str>, fin: Option<&str>, deleted: bool) -> Emploi {
    let day = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    Emploi {
        id: Uuid::from_u128(id),
        structure: Uuid::from_u128(10),
        debut: day(debut),
        fin: day(fin),
        deleted_at: deleted.then(now),
        created_at: now() + TimeDelta::seconds(i64::try_from(id).unwrap()),
    }
}

/// An employer known by its id, with these contracts: first day and day of rupture.
fn employer(id: u128, contrats: &[(&str, &str)]) -> Value {
    let contrat = |(debut, rupture): &(&str, &str)| json!({"date_debut": debut, "date_rupture": rupture});
    let contrats: Vec<Value> = contrats.iter().map(contrat).collect();
    json!({"nom": format!("S{id}"), "ids": {"coop": Uuid::from_u128(id)}, "contrats": contrats})
}

fn payload(conseiller: bool, coordinateur: bool, structures: &Value, lieux: &Value) -> Payload {
    Payload::read(&json!({
        "id": 7, "is_coordinateur": coordinateur, "is_conseiller_numerique": conseiller,
        "structures_employeuses": structures, "lieux_activite": lieux,
    }))
    .unwrap()
}

fn planned(user: &User, emplois: &[Emploi], payload: &Payload, occasion: Occasion) -> Result<Plan, TooLarge> {
    let known =
        Known { structures: [10, 11].map(|id| (Uuid::from_u128(id), structure(id))).into(), ..Known::default() };
    let make = numbered();
    let ids = IdSource::new(&make);
    plan(Facts { user, emplois, lieux: &[], known: &known, payload, now: now(), ids }, occasion)
}

/// What becomes of the emplois of a conseiller numérique: `action id structure debut fin`, in order.
fn check(emplois: &[Emploi], structures: Value, expected: &[&str]) {
    let payload = payload(true, false, &structures, &Value::Null);
    let plan = planned(&user(true), emplois, &payload, Occasion::Sync).unwrap();
    let day = |day: Option<chrono::NaiveDate>| day.map_or("-".to_owned(), |day| day.to_string());
    let told = |step: &Step| {
        let (Emploi { id, structure, debut, fin, .. }, action) = (&step.after, step.action);
        format!("{action:?} {} {} {} {}", id.as_u128(), structure.as_u128(), day(*debut), day(*fin))
    };
    assert_eq!(plan.emplois.iter().map(told).collect::<Vec<_>>(), expected);
    let removed = plan.emplois.iter().filter(|step| step.action == Action::Remove);
    assert!(removed.clone().all(|step| step.after.deleted_at == Some(now())));
    assert_eq!(plan.report.changes.structures_removed, removed.count());
    let written = plan.changes.iter().filter(|change| change.entity == Entity::Emploi).count();
    assert_eq!(written, plan.report.emplois.written());
}

#[test]
fn one_emploi_stands_for_each_dated_contract() {
    let rows = [
        row(1, Some("2024-01-01"), None, false),
        row(2, Some("2023-01-01"), Some("2023-02-01"), true),
        row(3, Some("2020-01-01"), Some("2020-06-01"), false),
        row(4, Some("2019-01-01"), None, true),
    ];
    let contrats = [("2024-01-01", ""), ("2023-01-01", "2023-05-01"), ("2025-01-01", "")];
    check(
        &rows,
        json!([employer(10, &contrats)]),
        &[
            "Reactivate 2 10 2023-01-01 2023-05-01",
            "Keep 1 10 2024-01-01 -",
            "Create 1001 10 2025-01-01 -",
            // The day is that of Paris.
            "Remove 3 10 2020-01-01 2026-04-02",
        ],
    );
    check(&rows[..1], json!([employer(10, &[("2024-01-01", "2026-01-31")])]), &["Update 1 10 2024-01-01 2026-01-31"]);
}

#[test]
fn contracts_on_one_key_collapse() {
    let collapse = |contrats: &[(&str, &str)], expected: &str| check(&[], json!([employer(10, contrats)]), &[expected]);
    let (none, early, late) = (("2024-01-01", ""), ("2024-01-01", "2024-02-01"), ("2024-01-01", "2024-03-01"));
    collapse(&[early, none, late], "Create 1001 10 2024-01-01 -");
    collapse(&[early, late, early], "Create 1001 10 2024-01-01 2024-03-01");
    // Two entries that mean one structure collapse as well.
    check(&[], json!([employer(10, &[early]), null, employer(10, &[none])]), &["Create 1001 10 2024-01-01 -"]);
}

#[test]
fn of_several_rows_on_one_key_the_newest_stands_even_deleted() {
    let rows = [row(1, Some("2024-01-01"), None, false), row(2, Some("2024-01-01"), None, true)];
    check(
        &rows,
        json!([employer(10, &[("2024-01-01", "")])]),
        &["Reactivate 2 10 2024-01-01 -", "Remove 1 10 2024-01-01 2026-04-02"],
    );
}

#[test]
fn something_unreadable_prevents_removals_and_temporary_emploi() {
    let rows = [row(1, Some("2020-01-01"), None, false), row(2, None, None, false)];
    let mut broken = employer(10, &[("2024-01-01", "")]);
    broken["contrats"] = json!([{"date_debut": "2024-01-01"}, "CDD"]);
    check(&rows, json!([broken]), &["Create 1001 10 2024-01-01 -"]);
    check(&rows, json!([employer(10, &[]), "illisible"]), &[]);
    check(&rows, json!([employer(10, &[("", "")]), {"nom": "", "adresse": {}}]), &[]);
}

#[test]
fn nothing_is_removed_when_no_employer_named_can_be_resolved() {
    let rows = [row(1, Some("2020-01-01"), None, false)];
    check(&rows, json!([employer(99, &[("2024-01-01", "")])]), &[]);
    check(&rows, json!([employer(99, &[])]), &[]);
    check(
        &rows,
        json!([employer(99, &[("2024-01-01", "")]), employer(10, &[("2024-01-01", "")])]),
        &["Create 1001 10 2024-01-01 -", "Remove 1 10 2020-01-01 2026-04-02"],
    );
    for nobody in [json!([]), json!(null), json!([null])] {
        check(&rows, nobody, &["Remove 1 10 2020-01-01 2026-04-02"]);
    }
}

#[test]
fn without_a_dated_contract_one_temporary_emploi_stands() {
    check(&[], json!([employer(10, &[]), employer(11, &[("null", "")])]), &["Create 1001 11 - -"]);
    check(&[], json!([employer(99, &[(" ", "")]), employer(10, &[])]), &["Create 1001 10 - -"]);
    let rows = [row(1, None, None, false), row(2, None, Some("2024-01-01"), true)];
    check(&rows, json!([employer(11, &[])]), &["Reactivate 2 11 - -", "Remove 1 10 - 2026-04-02"]);
    check(&rows[..1], json!([employer(11, &[])]), &["Update 1 11 - -"]);
    check(&rows[..1], json!([employer(10, &[])]), &["Keep 1 10 - -"]);
    // A dated contract anywhere, left out or not, and there is none.
    check(&rows[..1], json!([employer(10, &[]), employer(99, &[("2020-01-01", "2020-02-01")])]), &[]);
}

#[test]
fn who_never_was_conseiller_numerique_keeps_their_emplois_and_who_stops_is_followed_once_more() {
    let payload = payload(false, true, &json!([employer(10, &[("2024-01-01", "")])]), &Value::Null);
    let rows = [row(1, Some("2020-01-01"), None, false)];
    assert!(lookups(&user(false), &payload).is_empty());
    let never = planned(&user(false), &rows, &payload, Occasion::Sync).unwrap();
    assert!(never.emplois.is_empty() && never.only_stamps(&user(false)) && never.changes.is_empty());
    assert_eq!((never.user.coordinateur, never.report.coordinateur_id), (None, None));
    assert!(!lookups(&user(true), &payload).is_empty());
    let stopped = planned(&user(true), &rows, &payload, Occasion::Sync).unwrap();
    assert_eq!(stopped.emplois.len(), 2);
    assert!(stopped.report.changes.conseiller_numerique_removed && stopped.concerns_brevo);
}

#[test]
fn the_role_of_coordinateur_needs_both_flags_and_is_never_taken_away() {
    let (both, neither) =
        (payload(true, true, &json!([]), &Value::Null), payload(true, false, &json!([]), &Value::Null));
    let given = planned(&user(true), &[], &both, Occasion::Sync).unwrap();
    assert!(given.report.changes.coordinateur_created && given.concerns_brevo);
    assert_eq!(given.report.coordinateur_id, given.user.coordinateur);
    assert_eq!(given.changes[0].entity, Entity::Coordinateur);
    let again = planned(&given.user, &[], &both, Occasion::Sync).unwrap();
    assert!(again.only_stamps(&given.user) && again.report.coordinateur_id.is_some() && !again.concerns_brevo);
    let kept = planned(&given.user, &[], &neither, Occasion::Sync).unwrap();
    assert_eq!((kept.user.coordinateur, kept.report.coordinateur_id), (given.user.coordinateur, None));
}

#[test]
fn the_history_of_a_user_holds_what_changed_and_nothing_else() {
    let became = planned(&user(false), &[], &payload(true, false, &json!([]), &Value::Null), Occasion::Sync).unwrap();
    let [change] = became.changes.as_slice() else { panic!("one change") };
    assert_eq!((change.entity, change.action), (Entity::User, ChangeKind::Updated));
    assert_eq!(change.before, json!({"isConseillerNumerique": false}));
    assert_eq!(change.after, json!({"isConseillerNumerique": true}));
}

#[test]
fn an_inscription_makes_a_mediateur_and_begins_the_import() {
    let inscribed = |conseiller, coordinateur, lieux: Value| {
        let payload = payload(conseiller, coordinateur, &json!([]), &lieux);
        let plan = planned(&user(true), &[], &payload, Occasion::Inscription).unwrap();
        (plan.mediateur_created, plan.imports_lieux)
    };
    assert_eq!(inscribed(true, false, json!([])), (true, false));
    assert_eq!(inscribed(true, false, json!(["illisible"])), (true, true));
    assert_eq!(inscribed(true, true, json!([null])), (false, false));
    assert_eq!(inscribed(true, true, json!([{"nom": "Lieu"}])), (true, true));
    assert_eq!(inscribed(false, false, json!([{"nom": "Lieu"}])), (false, false));

    let payload = payload(true, false, &json!([]), &json!([{"nom": "Lieu"}]));
    let known = Known::default();
    let lieux = [Lieu { id: Uuid::nil(), structure: Uuid::nil(), debut: "2026-01-01".parse().unwrap() }];
    let imports = |user: &User| {
        let ids = IdSource::new(&Uuid::new_v4);
        let facts = Facts { user, emplois: &[], lieux: &lieux, known: &known, payload: &payload, now: now(), ids };
        plan(facts, Occasion::Inscription).unwrap().imports_lieux
    };
    assert!(!imports(&user(true)));
    assert!(imports(&User { importing_lieux: true, ..user(true) }));
}

#[test]
fn ninety_changed_emplois_are_written_and_no_more() {
    let first: chrono::NaiveDate = "2015-01-01".parse().unwrap();
    let contrats = |count| {
        let day = |i| (first + TimeDelta::days(i)).to_string();
        let contrats: Vec<Value> = (0..count).map(|i| json!({"date_debut": day(i)})).collect();
        payload(
            true,
            false,
            &json!([{"nom": "S", "ids": {"coop": Uuid::from_u128(10)}, "contrats": contrats}]),
            &json!([]),
        )
    };
    let plan = planned(&user(true), &[], &contrats(90), Occasion::Sync).unwrap();
    assert_eq!(plan.report.emplois.created, 90);
    assert_eq!(planned(&user(true), &[], &contrats(91), Occasion::Sync), Err(TooLarge(91)));
    // What stays as it is counts for nothing.
    let rows: Vec<Emploi> = plan.emplois.into_iter().map(|step| step.after).collect();
    assert_eq!(planned(&user(true), &rows, &contrats(180), Occasion::Sync).unwrap().report.emplois.unchanged, 90);
}
