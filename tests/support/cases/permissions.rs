//! What the functions called while the cases ran, compared with what they are meant to call: the list
//! `permissions.txt` beside each function. A call that is not listed fails; so does a line nothing ever needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::permissions::{FUNCTIONS, expected_in_cases, listed};
use passerelle_local::stack::Stack;

static USED: Mutex<BTreeMap<&'static str, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// Takes note of what the functions of one stack called.
pub fn note(stack: &Stack) {
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    for function in FUNCTIONS {
        used.entry(function.id).or_default().extend(stack.permissions_used(function.id));
    }
}

/// What differs between the calls noted and the lists, a line each.
pub fn differences() -> Vec<String> {
    let used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut differences = Vec::new();
    for function in FUNCTIONS {
        let listed = listed(function);
        let used = used.get(function.id).cloned().unwrap_or_default();
        let place = format!("functions/{}/permissions.txt", function.folder);
        differences.extend(used.difference(&listed).map(|call| format!("{place}: « {call} » manque")));
        differences.extend(
            expected_in_cases(function).difference(&used).map(|call| format!("{place}: « {call} » ne sert jamais")),
        );
    }
    differences
}
