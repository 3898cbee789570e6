//! Partial comparison: what a case expects against what came.
//!
//! An expected object matches when every key it names matches, a list when its elements match one by
//! one in order. `{"$unordered": [..]}`, `{"$contains": X}`, `"$any"` and `"$now"` are the only
//! operators; any other name that starts with `$` is a difference of its own, so that a case which
//! uses a construct unknown here cannot pass by accident.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Number, Value};

/// One place where the value differs from what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// JSON pointer into the value compared; empty for the value itself.
    pub pointer: String,
    /// What was expected and what came, in French.
    pub detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() { f.write_str(&self.detail) } else { write!(f, "{}: {}", self.pointer, self.detail) }
    }
}

/// Every difference between `actual` and the partial value `expected`; none when it matches.
///
/// `now` is the instant `"$now"` stands for, written in UTC with milliseconds.
#[must_use]
pub fn differences(expected: &Value, actual: &Value, now: DateTime<Utc>) -> Vec<Difference> {
    let mut comparison = Comparison::at(now);
    comparison.visit("", expected, Some(actual));
    comparison.found
}

/// Compares two lists whatever their order: every expected element with one actual element of its own.
///
/// The list is complete: an actual element nobody expected is a difference too.
#[must_use]
pub fn unordered_differences(expected: &[Value], actual: &[Value], now: DateTime<Utc>) -> Vec<Difference> {
    let mut comparison = Comparison::at(now);
    comparison.visit_unordered("", expected, actual);
    comparison.found
}

/// A short rendering of a value for a one-line message.
#[must_use]
pub fn shortened(value: &Value) -> String {
    const LONGEST: usize = 300;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

struct Comparison {
    now: String,
    found: Vec<Difference>,
}

impl Comparison {
    fn at(now: DateTime<Utc>) -> Self {
        Self { now: now.to_rfc3339_opts(SecondsFormat::Millis, true), found: Vec::new() }
    }

    fn visit(&mut self, pointer: &str, expected: &Value, actual: Option<&Value>) {
        let present = actual.filter(|value| !value.is_null());
        match expected {
            Value::Null => {
                if let Some(value) = present {
                    self.differ(pointer, format!("attendu null ou absent, reçu {}", shortened(value)));
                }
            }
            Value::String(text) if text == "$any" => {
                if present.is_none() {
                    self.differ(pointer, "attendu une valeur, reçu null ou rien".to_owned());
                }
            }
            Value::String(text) if text == "$now" => {
                let now = Value::String(self.now.clone());
                self.equal(pointer, &now, actual, present == Some(&now));
            }
            Value::String(text) if text.starts_with('$') => {
                self.differ(pointer, format!("construction inconnue ou nom jamais retenu: {text}"));
            }
            Value::Object(keys) => match operator(keys) {
                Some((name, operand)) => self.visit_operator(pointer, name, operand, actual),
                None => self.visit_object(pointer, keys, actual),
            },
            Value::Array(elements) => match present {
                Some(Value::Array(values)) => self.visit_list(pointer, elements, values),
                _ => self.equal(pointer, expected, actual, false),
            },
            Value::Number(number) => {
                let same = matches!(present, Some(Value::Number(other)) if same_number(number, other));
                self.equal(pointer, expected, actual, same);
            }
            Value::Bool(_) | Value::String(_) => {
                self.equal(pointer, expected, actual, present == Some(expected));
            }
        }
    }

    fn visit_object(&mut self, pointer: &str, keys: &Map<String, Value>, actual: Option<&Value>) {
        let Some(Value::Object(values)) = actual else {
            self.equal(pointer, &Value::Object(keys.clone()), actual, false);
            return;
        };
        for (key, expected) in keys {
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.visit(&pointer, expected, values.get(key));
        }
    }

    fn visit_list(&mut self, pointer: &str, expected: &[Value], actual: &[Value]) {
        if expected.len() != actual.len() {
            self.differ_in_length(pointer, expected, actual);
            return;
        }
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            self.visit(&format!("{pointer}/{index}"), expected, Some(actual));
        }
    }

    fn visit_operator(&mut self, pointer: &str, name: &str, operand: &Value, actual: Option<&Value>) {
        match (name, operand, actual) {
            ("$unordered", Value::Array(expected), Some(Value::Array(values))) => {
                self.visit_unordered(pointer, expected, values);
            }
            ("$unordered", Value::Array(_), _) => self.equal(pointer, operand, actual, false),
            ("$contains", _, Some(Value::Array(values))) => {
                if !values.iter().any(|value| self.fits(operand, value)) {
                    let detail = format!("attendu un élément {}, reçu {}", shortened(operand), shown(actual));
                    self.differ(pointer, detail);
                }
            }
            ("$contains", Value::String(part), _) => {
                let holds = matches!(actual, Some(Value::String(text)) if text.contains(part));
                if !holds {
                    let detail = format!("attendu un texte contenant {part:?}, reçu {}", shown(actual));
                    self.differ(pointer, detail);
                }
            }
            ("$contains", _, _) => self.equal(pointer, operand, actual, false),
            _ => self.differ(pointer, format!("construction inconnue: {name}")),
        }
    }

    fn visit_unordered(&mut self, pointer: &str, expected: &[Value], actual: &[Value]) {
        if expected.len() != actual.len() {
            self.differ_in_length(pointer, expected, actual);
            return;
        }
        let pairs = pair(expected.len(), actual.len(), |left, right| self.fits(&expected[left], &actual[right]));
        let alone: Vec<&Value> = unpaired(&pairs, expected);
        let left_over: Vec<&Value> = actual
            .iter()
            .enumerate()
            .filter(|(index, _)| !pairs.contains(&Some(*index)))
            .map(|(_, value)| value)
            .collect();
        // A single pair left over is most often one element with one wrong member: name that member.
        if let ([expected], [actual]) = (alone.as_slice(), left_over.as_slice()) {
            self.visit(&format!("{pointer}/*"), expected, Some(actual));
            return;
        }
        for expected in alone {
            let detail = format!(
                "aucun élément ne correspond à {}; restent {}",
                shortened(expected),
                left_over.iter().map(|value| shortened(value)).collect::<Vec<_>>().join(", ")
            );
            self.differ(pointer, detail);
        }
    }

    fn fits(&self, expected: &Value, actual: &Value) -> bool {
        let mut trial = Self { now: self.now.clone(), found: Vec::new() };
        trial.visit("", expected, Some(actual));
        trial.found.is_empty()
    }

    fn equal(&mut self, pointer: &str, expected: &Value, actual: Option<&Value>, same: bool) {
        if !same {
            self.differ(pointer, format!("attendu {}, reçu {}", shortened(expected), shown(actual)));
        }
    }

    fn differ_in_length(&mut self, pointer: &str, expected: &[Value], actual: &[Value]) {
        let detail = format!(
            "attendu {} élément(s) {}, reçu {}: {}",
            expected.len(),
            shortened(&Value::from(expected)),
            actual.len(),
            shortened(&Value::from(actual))
        );
        self.differ(pointer, detail);
    }

    fn differ(&mut self, pointer: &str, detail: String) {
        self.found.push(Difference { pointer: pointer.to_owned(), detail });
    }
}

fn shown(actual: Option<&Value>) -> String {
    actual.map_or_else(|| "rien".to_owned(), shortened)
}

/// The operator an object stands for: a key that starts with `$`, which must be its only one.
fn operator(keys: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, operand) = keys.iter().find(|(name, _)| name.starts_with('$'))?;
    if keys.len() > 1 {
        return Some(("$ avec d'autres clés", operand));
    }
    Some((name, operand))
}

/// 10 and 10.0 are the same number; whole numbers are compared without a detour through floats.
fn same_number(left: &Number, right: &Number) -> bool {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left == right,
        _ => left.as_f64() == right.as_f64(),
    }
}

/// The largest pairing of left and right elements that fit each other (Kuhn's augmenting paths): the
/// first fit of each element is not enough, since a loose expectation could take the only element
/// that a strict one accepts.
fn pair(lefts: usize, rights: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    fn augment(left: usize, edges: &[Vec<usize>], seen: &mut [bool], owner: &mut [Option<usize>]) -> bool {
        for &right in &edges[left] {
            if std::mem::replace(&mut seen[right], true) {
                continue;
            }
            let free = owner[right].is_none_or(|other| augment(other, edges, seen, owner));
            if free {
                owner[right] = Some(left);
                return true;
            }
        }
        false
    }

    let edges: Vec<Vec<usize>> =
        (0..lefts).map(|left| (0..rights).filter(|&right| fits(left, right)).collect()).collect();
    let mut owner = vec![None; rights];
    for left in 0..lefts {
        augment(left, &edges, &mut vec![false; rights], &mut owner);
    }
    let mut pairs = vec![None; lefts];
    for (right, left) in owner.into_iter().enumerate() {
        if let Some(left) = left {
            pairs[left] = Some(right);
        }
    }
    pairs
}

fn unpaired<'a>(pairs: &[Option<usize>], values: &'a [Value]) -> Vec<&'a Value> {
    pairs.iter().zip(values).filter(|(pair, _)| pair.is_none()).map(|(_, value)| value).collect()
}
