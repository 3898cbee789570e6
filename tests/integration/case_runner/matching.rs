//! Partial comparison.

use acceptance::matching::{differences, unordered_differences};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

fn check(expected: Value, actual: Value, pointers: &[&str]) {
    let found = differences(&expected, &actual, now());
    let found: Vec<&str> = found.iter().map(|difference| difference.pointer.as_str()).collect();
    assert_eq!(found, pointers, "{expected} against {actual}");
}

#[test]
fn an_object_matches_when_every_key_named_matches() {
    check(json!({"a": 1}), json!({"a": 1, "b": 2}), &[]);
    check(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), &["/a/b"]);
    check(json!({"a": 1, "b": 1}), json!({}), &["/a", "/b"]);
    check(json!({"a": 1}), json!([1]), &[""]);
    check(json!({"a/b~c": 1}), json!({}), &["/a~1b~0c"]);
}

#[test]
fn a_list_matches_element_by_element() {
    check(json!([{"a": 1}, 2]), json!([{"a": 1, "b": 2}, 2]), &[]);
    check(json!([1, 2]), json!([2, 1]), &["/0", "/1"]);
    check(json!([1]), json!([1, 2]), &[""]);
    check(json!([1]), json!("1"), &[""]);
    check(json!([]), Value::Null, &[""]);
}

#[test]
fn numbers_are_compared_as_numbers() {
    check(json!(10), json!(10.0), &[]);
    check(json!(1_250_000.5), json!(1_250_000.50), &[]);
    check(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), &[""]);
    check(json!(10), json!("10"), &[""]);
    check(json!(1), json!(true), &[""]);
}

#[test]
fn null_is_null_or_absent_and_any_is_neither() {
    check(json!({"a": null}), json!({}), &[]);
    check(json!({"a": null}), json!({"a": null}), &[]);
    check(json!({"a": null}), json!({"a": false}), &["/a"]);
    check(json!({"a": "$any"}), json!({"a": false}), &[]);
    check(json!({"a": "$any"}), json!({"a": null}), &["/a"]);
    check(json!({"a": "$any"}), json!({}), &["/a"]);
}

#[test]
fn now_is_the_instant_of_the_clock() {
    check(json!("$now"), json!("2026-11-02T09:00:00.000Z"), &[]);
    check(json!("$now"), json!("2026-11-02T09:00:00Z"), &[""]);
}

#[test]
fn contains_looks_into_lists_and_texts() {
    check(json!({"$contains": {"a": 1}}), json!([{"a": 2}, {"a": 1, "b": 1}]), &[]);
    check(json!({"$contains": {"a": 1}}), json!([{"a": 2}]), &[""]);
    check(json!({"$contains": "whsec_"}), json!("whsec_abc"), &[]);
    check(json!({"$contains": "x"}), json!("whsec_abc"), &[""]);
    check(json!({"$contains": "x"}), json!(["wxyz", "x"]), &[]);
    check(json!({"$contains": "x"}), json!(["wxyz"]), &[""]);
    check(json!({"$contains": "x"}), Value::Null, &[""]);
}

#[test]
fn unordered_pairs_every_element_with_one_of_its_own() {
    check(json!({"$unordered": [1, 2]}), json!([2, 1]), &[]);
    check(json!({"$unordered": [1, 1]}), json!([1, 2]), &["/*"]);
    check(json!({"$unordered": [1]}), json!([1, 1]), &[""]);
    check(json!({"$unordered": []}), json!(null), &[""]);
    // The loose expectation comes first and must leave the only element the strict one accepts.
    check(json!({"$unordered": [{"a": "$any"}, {"a": 1}]}), json!([{"a": 1}, {"a": 2}]), &[]);
    check(json!({"$unordered": ["$any", {"a": "$any"}, {"a": 1}]}), json!([{"a": 1}, {"a": 2}, 3]), &[]);
}

#[test]
fn a_single_wrong_element_is_told_by_its_wrong_member() {
    let expected = [json!({"v": 1, "w": 1}), json!({"v": 2})];
    let actual = [json!({"v": 2}), json!({"v": 1, "w": 2})];
    let found = unordered_differences(&expected, &actual, now());
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["/*/w: attendu 1, reçu 2"]);
}

#[test]
fn unknown_operators_never_match() {
    check(json!("$perhaps"), json!("$perhaps"), &[""]);
    check(json!({"$not": 1}), json!({"$not": 1}), &[""]);
    check(json!({"$contains": "a", "b": 1}), json!("a"), &[""]);
    check(json!({"$unordered": 1}), json!([1]), &[""]);
}
