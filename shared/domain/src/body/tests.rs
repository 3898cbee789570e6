//! What a body is refused for, where, and which of it ends the reading.

use serde::Deserialize;

use super::*;
use crate::reference::email::Email;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    email: Required<Email>,
    kind: Required<Kind>,
    amount: Field<Number>,
    count: Field<u8>,
    note: Field<String>,
    flag: Field<bool>,
    lines: Required<Vec<Required<Id>>>,
    inner: Field<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    name: Required<String>,
    list: Field<Vec<Inner>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Read,
    Write,
}

const ID: &str = "019a4323-5f80-7a01-8e5b-8a3f2d6c1b90";

fn read(json: &str) -> Result<Parsed<Order>, Fault> {
    parse(&json.replace("ID", ID).into_bytes(), "")
}

/// A body refused for its shape, at `pointer`.
fn shape(json: &str, pointer: &str, detail: &str) {
    let fault = read(json).map(|parsed| parsed.faults).unwrap_err();
    assert_eq!((fault.pointer.as_str(), fault.detail.as_str()), (pointer, detail), "{json}");
}

/// A body refused for its values, at all these pointers.
fn values(json: &str, pointers: &[&str]) {
    let faults = read(json).unwrap().valid().unwrap_err();
    assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), pointers, "{json}");
}

#[test]
fn a_right_body_is_read() {
    let json = r#"{"email": " Lea@ville.fr", "kind": "WRITE", "amount": 12.5, "count": 7.0, "note": null, "flag": true,
        "lines": ["ID"], "inner": {"name": "a\"é\u00e9", "list": [{"name": "b"}]}}"#;
    let order = read(json).unwrap().valid().unwrap();
    assert_eq!(order.email.ok().unwrap().normalised(), "lea@ville.fr");
    assert_eq!(order.kind.get(), Ok(Kind::Write));
    assert_eq!(order.amount, Field::Set(Number(12.5)));
    assert_eq!(order.count, Field::Set(7));
    assert_eq!(order.note, Field::Null);
    assert_eq!(order.flag, Field::Set(true));
    assert_eq!(order.lines.ok().unwrap().len(), 1);
    let inner = order.inner.set().unwrap();
    assert_eq!(inner.name.get().as_deref(), Ok("a\"éé"));
    assert!(matches!(inner.list, Field::Set(list) if matches!(list[0].list, Field::Absent)));
}

#[test]
fn a_wrong_shape_ends_the_reading() {
    const UNKNOWN: &str = "propriété inconnue ou non modifiable";
    for text in ["", "{", "{}x", "{'a': 1}", "{\"email\": nan}", "\u{feff}{}"] {
        shape(text, "", "ce n'est pas du JSON");
    }
    for text in ["[]", "3", "null", "\"x\"", "[1, 2]"] {
        shape(text, "", "un objet JSON est attendu");
    }
    shape(r#"{"couleur": 1e400}"#, "/couleur", UNKNOWN);
    shape(r#"{"a/b~c": 1}"#, "/a~1b~0c", UNKNOWN);
    shape(r#"{"email": 3}"#, "/email", "un texte est attendu");
    shape(r#"{"email": 1e400}"#, "/email", "un texte est attendu");
    shape(r#"{"kind": true}"#, "/kind", "un texte est attendu");
    shape(r#"{"amount": "12"}"#, "/amount", "un nombre est attendu");
    shape(r#"{"flag": 0}"#, "/flag", "un booléen est attendu");
    shape(r#"{"lines": {}}"#, "/lines", "une liste est attendue");
    shape(r#"{"lines": ["x", 3]}"#, "/lines/1", "un texte est attendu");
    shape(r#"{"inner": ["a"]}"#, "/inner", "un objet JSON est attendu");
    shape(r#"{"inner": {"list": [null]}}"#, "/inner/list/0", "un objet JSON est attendu");
    shape(r#"{"note": "\ud800"}"#, "/note", "ce n'est pas du JSON");
    shape(r#"{"note": "a", "note": "a"}"#, "/note", "propriété répétée");
    shape(r#"{"inner": {"name": "a", "\u006eame": "b"}}"#, "/inner/name", "propriété répétée");
    shape(&"[".repeat(33), "", "imbrication trop profonde : 32 niveaux au plus");
}

#[test]
fn wrong_values_are_told_together() {
    values("{}", &["/email", "/kind", "/lines"]);
    values(r#"{"lines": null, "kind": "read", "email": "x"}"#, &["/lines", "/kind", "/email"]);
    values(r#"{"email": "a@b.fr", "kind": "READ", "lines": ["x", "ID", null]}"#, &["/lines/0", "/lines/2"]);
    values(r#"{"email": "a@b.fr", "kind": "READ", "lines": [], "count": 1e400}"#, &["/count"]);
    for count in ["256", "-1", "1.5", "99999999999999999999"] {
        let json = format!(r#"{{"email": "a@b.fr", "kind": "READ", "lines": [], "count": {count}}}"#);
        values(&json, &["/count"]);
    }
    values(
        r#"{"email": "a@b.fr", "kind": "READ", "lines": [], "inner": {"name": null, "list": [{}]}}"#,
        &["/inner/name", "/inner/list/0/name"],
    );
    let faults = read(r#"{"kind": "x"}"#).unwrap().valid().unwrap_err();
    assert_eq!(faults[0].pointer, "/kind");
    assert_eq!(faults[0].detail, "« READ » ou « WRITE » est attendu");
}

#[test]
fn a_number_beyond_all_doubles_is_a_value() {
    let amount = |json: &str| read(json).unwrap().body.amount;
    assert_eq!(amount(r#"{"amount": 1e400}"#), Field::Set(Number(f64::INFINITY)));
    assert_eq!(amount(r#"{"amount": -1e400}"#), Field::Set(Number(f64::NEG_INFINITY)));
    assert_eq!(amount(r#"{"amount": 123456789012345678901}"#), Field::Set(Number(123_456_789_012_345_678_901.0)));
}

#[test]
fn what_is_kept_raw_is_read_on_its_own() {
    #[derive(Deserialize)]
    struct Bulk {
        items: Required<Vec<Raw>>,
    }
    let json = br#"{"items": [{"name": "a"}, 3, {"name": 3, "name": 3}, null]}"#;
    let items = parse::<Bulk>(json, "").unwrap().valid().unwrap().items.ok().unwrap();
    let read = |rank: usize| items[rank].parse::<Inner>(&format!("/items/{rank}"));
    assert!(read(0).is_ok());
    assert_eq!(read(1).unwrap_err().pointer, "/items/1");
    assert_eq!(read(2).unwrap_err().pointer, "/items/2/name");
    assert_eq!(items[3].as_str(), "null");
}

#[test]
fn depth_ignores_brackets_in_strings() {
    let deep = |levels: usize| format!(r#"{{"couleur": {}"[[[["{}}}"#, "[".repeat(levels), "]".repeat(levels));
    shape(&deep(31), "/couleur", "propriété inconnue ou non modifiable");
    shape(&deep(32), "", "imbrication trop profonde : 32 niveaux au plus");
}
