//! Laws of what a service may write: RFC 7396, and that saying the same thing twice says it once.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use utoipa::PartialSchema as _;
use uuid::Uuid;

use super::*;
use crate::body::{members_of, parse};
use crate::communs::bodies::ProjectPatch;
use crate::communs::event::Event;
use crate::communs::event_type::EventType;
use crate::communs::examples;
use crate::communs::project::{Project, ProjectChange, ProjectOutcome};
use crate::communs::view::ProjectView;
use crate::instant;

const EARLIER: &str = "2026-11-02T09:00:00.000Z";
const LATER: &str = "2026-11-02T10:00:00.000Z";

fn mec() -> Service {
    Service::parse("mec").unwrap()
}

/// Values that are stored as they are sent: the laws are about merging, not about trimming.
fn text() -> impl Strategy<Value = Value> {
    "[A-Za-zÀ-ÿ]([A-Za-zÀ-ÿ' -]{0,20}[a-zé])?".prop_map(Value::from)
}

fn statut() -> impl Strategy<Value = Value> {
    let labels = statut::accepted(&mec()).iter().map(|label| label.native.as_str());
    select(labels.chain(Generic::ALL.map(Generic::code)).collect::<Vec<_>>()).prop_map(Value::from)
}

fn collectivites() -> impl Strategy<Value = Value> {
    let known =
        [("Commune", "67482"), ("Commune", "69123"), ("Commune", "2A004"), ("Commune", "97411"), ("EPCI", "246700488")];
    let known = known.map(|(kind, code)| json!({"type": kind, "code": code})).to_vec();
    subsequence(known, 1..=5).prop_shuffle().prop_map(Value::from)
}

fn amount() -> impl Strategy<Value = Value> {
    (0_u32..=u32::MAX).prop_map(|cents| json!(f64::from(cents) / 100.0))
}

fn date() -> impl Strategy<Value = Value> {
    (1_900_i32..=2_200, 1_u32..=365).prop_map(|(year, day)| json!(chrono::NaiveDate::from_yo_opt(year, day)))
}

/// A property that may also be cleared, which is written `null`.
fn or_null(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![3 => value, 1 => Just(Value::Null)].boxed()
}

/// An object with some of these members.
fn some_of(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let members: Vec<_> = members.into_iter().map(|(name, value)| (Just(name), proptest::option::of(value))).collect();
    members.prop_map(|members| {
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect::<Map<_, _>>())
    })
}

fn porteur() -> impl Strategy<Value = Value> {
    let email = "[a-z]{1,8}@[a-z]{1,8}\\.fr".prop_map(Value::from);
    some_of(vec![
        ("siret", or_null(select(vec!["24670048800017", "24440040400129"]).prop_map(Value::from))),
        ("referentEmail", or_null(email)),
        ("referentTelephone", or_null(text())),
        ("referentPrenom", or_null(text())),
        ("referentNom", or_null(text())),
        ("referentFonction", or_null(text())),
    ])
}

/// A merge patch in order.
fn patch() -> impl Strategy<Value = Value> {
    some_of(vec![
        ("nom", text().boxed()),
        ("description", or_null(text())),
        ("statut", statut().boxed()),
        ("collectivites", collectivites().boxed()),
        ("porteur", or_null(porteur())),
        ("budgetPrevisionnel", or_null(amount())),
        ("dateDebutPrevisionnelle", or_null(date())),
    ])
}

/// The body of a creation in order.
fn creation() -> impl Strategy<Value = Value> {
    (text(), statut(), collectivites(), patch()).prop_map(|(nom, statut, collectivites, mut body)| {
        body["externalId"] = json!("mec-1");
        body["nom"] = nom;
        body["statut"] = statut;
        body["collectivites"] = collectivites;
        body
    })
}

fn read(body: &Value) -> Parsed<ProjectBody> {
    parse(body.to_string().as_bytes(), "").unwrap()
}

fn judged(body: &Value) -> (String, Written) {
    super::creation(read(body), &mec()).unwrap()
}

fn created(body: &Value) -> Project {
    let (external_id, written) = judged(body);
    Project::create(Uuid::nil().into(), &mec(), external_id, written, instant::parse(EARLIER).unwrap()).project
}

fn outcome(project: &Project, service: &Service, body: &Value) -> ProjectOutcome {
    let written = super::patch(read(body), &project.content, service).unwrap();
    project.update(service, written, instant::parse(LATER).unwrap())
}

fn after(project: &Project, patch: &Value) -> Project {
    outcome(project, &mec(), patch).project(project).clone()
}

/// What `service` is shown of the properties it may write.
fn own_values(project: &Project, service: &Service) -> Value {
    let mut shown = ProjectView::for_reader(project, service).to_json();
    if shown["statutNatif"].is_string() {
        shown["statut"] = shown["statutNatif"].take();
    }
    let Value::Object(members) = shown else { panic!("a project is an object") };
    let writable = |name: &str| {
        !["id", "externalIds", "links", "statutNatif", "version", "createdAt", "updatedAt", "origin"].contains(&name)
    };
    Value::Object(members.into_iter().filter(|(name, _)| writable(name)).collect())
}

/// RFC 7396, section 2, to the letter.
fn merged(target: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let Value::Object(mut target) = target else { return merged(json!({}), &Value::Object(patch.clone())) };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(name);
        } else {
            let current = target.remove(name).unwrap_or_default();
            target.insert(name.clone(), merged(current, value));
        }
    }
    Value::Object(target)
}

/// What was said of the porteur référent goes when a patch names another one, or none: the one exception.
fn without_a_former_person(mut target: Value, patch: &Value) -> Value {
    let named = |value: &Value| value["porteur"]["referentEmail"].as_str().map(str::to_owned);
    let email = patch.get("porteur").and_then(|porteur| porteur.get("referentEmail"));
    if email.is_some() && named(&target).is_some() && named(&target) != named(patch) {
        target["porteur"] = json!({"siret": target["porteur"]["siret"]});
    }
    target
}

/// Without members that are null, at any depth, nor objects that have none: absent and null are shown alike.
fn compact(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let members = members.into_iter().map(|(name, value)| (name, compact(value)));
    let told = |value: &Value| !value.is_null() && value.as_object().is_none_or(|object| !object.is_empty());
    Value::Object(members.filter(|(_, value)| told(value)).collect())
}

/// As numbers compare: 12 and 12.0 are one amount.
fn with_plain_amount(mut value: Value) -> Value {
    if let Some(amount) = value.get("budgetPrevisionnel").and_then(Value::as_f64) {
        value["budgetPrevisionnel"] = json!(amount);
    }
    value
}

proptest! {
    #[test]
    fn an_empty_patch_changes_nothing(body in creation()) {
        let project = created(&body);
        prop_assert_eq!(outcome(&project, &mec(), &json!({})), ProjectOutcome::Unchanged);
        prop_assert_eq!(outcome(&project, &Service::parse("tet").unwrap(), &json!({})), ProjectOutcome::Unchanged);
    }

    #[test]
    fn a_patch_twice_is_a_patch_once(body in creation(), patch in patch()) {
        let once = after(&created(&body), &patch);
        prop_assert_eq!(outcome(&once, &mec(), &patch), ProjectOutcome::Unchanged);
    }

    #[test]
    fn a_project_s_own_values_change_nothing(body in creation(), patch in patch()) {
        let project = after(&created(&body), &patch);
        prop_assert_eq!(outcome(&project, &mec(), &own_values(&project, &mec())), ProjectOutcome::Unchanged);
    }

    #[test]
    fn another_service_s_own_view_changes_nothing_the_others_are_told_of(body in creation()) {
        let (project, tet) = (created(&body), Service::parse("tet").unwrap());
        // It has written its label now, which is remembered.
        prop_assert!(!matches!(outcome(&project, &tet, &own_values(&project, &tet)), ProjectOutcome::Changed(_)));
    }

    #[test]
    fn a_patch_is_what_rfc_7396_says(body in creation(), patch in patch()) {
        let before = created(&body);
        let shown = own_values(&after(&before, &patch), &mec());
        let mut expected = merged(without_a_former_person(own_values(&before, &mec()), &patch), &patch);
        // A generic code written is shown as the service's label for it: translated alike on both sides.
        expected["statut"] = shown["statut"].clone();
        prop_assert_eq!(with_plain_amount(compact(shown)), with_plain_amount(compact(expected)));
    }

    #[test]
    fn a_statut_patched_is_the_statut(body in creation(), wanted in statut()) {
        let label = wanted.as_str().unwrap();
        let next = after(&created(&body), &json!({"statut": label}));
        let meaning = statut::to_generic(&mec(), label).unwrap();
        prop_assert_eq!(next.content.statut, meaning.generic);
        prop_assert!(meaning.native.is_none() || next.native_label(&mec()) == meaning.native);
    }

    #[test]
    fn the_same_creation_again_changes_nothing(body in creation()) {
        let project = created(&body);
        let again = project.update(&mec(), judged(&body).1, instant::parse(LATER).unwrap());
        prop_assert_eq!(again, ProjectOutcome::Unchanged);
    }

    #[test]
    fn a_change_bumps_the_version_once_and_names_only_what_was_written(body in creation(), patch in patch()) {
        let before = created(&body);
        if let ProjectOutcome::Changed(change) = outcome(&before, &mec(), &patch) {
            prop_assert_eq!(change.project.version, before.version + 1);
            prop_assert!(!change.changed.is_empty());
            prop_assert!(change.changed.iter().all(|name| patch.get(name.as_str()).is_some()), "{:?}", change.changed);
        }
    }
}

fn invalid(body: &Value) -> Invalid {
    super::creation(read(body), &mec()).unwrap_err()
}

fn pointers(body: &Value) -> Vec<String> {
    match invalid(body) {
        Invalid::StatutUnknown(fault) => panic!("{fault:?}"),
        Invalid::Values(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
    }
}

#[test]
fn everything_that_is_missing_or_wrong_is_told_once() {
    assert_eq!(pointers(&json!({})), ["/externalId", "/statut", "/nom", "/collectivites"]);
    let body = json!({
        "externalId": " ", "nom": "\u{200b}", "statut": "\u{a0}", "collectivites": [], "porteur": {"siret": "1", "referentNom": "a\0"},
        "budgetPrevisionnel": 0.001, "dateDebutPrevisionnelle": "2026- 1-01", "description": "x".repeat(10_001),
    });
    let expected = [
        "/budgetPrevisionnel",
        "/dateDebutPrevisionnelle",
        "/description",
        "/externalId",
        "/nom",
        "/porteur/referentNom",
        "/porteur/siret",
        "/statut",
        "/collectivites",
    ];
    assert_eq!(pointers(&body), expected);
}

#[test]
fn a_label_alone_is_a_refusal_of_its_own() {
    let body = |nom: &str| json!({"externalId": "1", "nom": nom, "statut": "A venir", "collectivites": [{"type": "Commune", "code": "67482"}]});
    assert!(matches!(invalid(&body("Halle")), Invalid::StatutUnknown(fault) if fault.pointer == "/statut"));
    assert_eq!(pointers(&body("")), ["/nom", "/statut"]);
}

#[test]
fn collectivites_are_judged_one_by_one() {
    let body = json!({"externalId": "1", "nom": "Halle", "statut": "IDEE", "collectivites": [
        {"type": "Commune", "code": "67482"}, {"type": "Région", "code": "44"}, {"code": null}, {"type": "EPCI", "code": "67482"},
    ]});
    let expected = ["/collectivites/1/type", "/collectivites/2/code", "/collectivites/2/type", "/collectivites/3/code"];
    assert_eq!(pointers(&body), expected);
}

#[test]
fn the_external_id_is_no_property_of_a_patch() {
    for body in [json!({"externalId": "x"}), json!({"externalId": null}), json!({"externalId": ""})] {
        assert!(misplaced_in_patch(&read(&body)).is_some(), "{body}");
    }
    assert_eq!(misplaced_in_patch(&read(&json!({"nom": ""}))), None);
}

/// A property forgotten anywhere fails here: the recipe of CONTRIBUTING, "A field of a project".
#[test]
fn every_property_is_written_shown_told_and_documented() {
    let example = examples::new_project();
    let whole = created(&example);
    let bare = created(&json!({
        "externalId": "1", "nom": "Halle", "statut": "IDEE", "collectivites": [{"type": "EPCI", "code": "200046977"}],
    }));
    let schema = |schema| serde_json::to_value(schema).unwrap()["properties"].clone();
    let documented = [schema(ProjectBody::schema()), schema(ProjectPatch::schema()), schema(ProjectView::schema())];
    let shown = ProjectView::for_reader(&whole, &mec()).to_json();
    let change = ProjectChange { project: whole.clone(), changed: Vec::new(), event_type: EventType::ProjectCreated };
    let told = Event::of_change(Uuid::nil().into(), &mec(), &change).data;
    let names = members_of(&json!(whole.content).to_string()).into_iter().map(|(name, _)| name);
    let given = whole.content.given();
    for name in names {
        assert!(!example[&name].is_null(), "{name} in the example");
        assert!(given.contains(&name), "{name} is written by POST");
        assert!(!shown[&name].is_null(), "{name} is shown");
        assert!(!told["project"][&name].is_null(), "{name} is told of");
        for document in &documented {
            assert!(document[&name].is_object(), "{name} is documented");
        }
        match outcome(&bare, &mec(), &json!({&name: example[&name]})) {
            ProjectOutcome::Changed(change) => assert_eq!(change.changed, [name], "changed by PATCH"),
            other => panic!("{name} is not changed by PATCH: {other:?}"),
        }
    }
}
