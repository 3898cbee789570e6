//! Saved names in later texts.

use acceptance::names::Names;
use serde_json::json;

#[test]
fn every_later_text_is_resolved() {
    let mut names = Names::default();
    names.save("projet", json!("0193-a1"));
    names.save("n", json!(2));
    assert_eq!(names.resolve_text("/projects/$projet/links"), "/projects/0193-a1/links");
    assert_eq!(names.resolve_text("$projet-$projet"), "0193-a1-0193-a1");
    assert_eq!(names.resolve_text("v$n, 5 $ et $"), "v2, 5 $ et $");
    assert_eq!(
        names.resolve(&json!({"a": ["$projet", {"b": "x $n"}], "c": "$n", "d": 3})),
        json!({"a": ["0193-a1", {"b": "x 2"}], "c": 2, "d": 3})
    );
}

#[test]
fn a_name_is_letters_and_digits_as_far_as_they_go() {
    let mut names = Names::default();
    names.save("hook", json!("h"));
    names.save("tok", json!("t"));
    assert_eq!(names.resolve_text("$hooks/$hook/$hook2"), "$hooks/h/$hook2");
    assert_eq!(names.resolve_text("Bearer $tok-"), "Bearer t-");
    assert_eq!(names.resolve(&json!("$any")), json!("$any"));
}
