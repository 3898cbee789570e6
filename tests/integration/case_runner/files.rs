//! The cases themselves are all there, each under a name of its own.

use std::collections::BTreeSet;

use acceptance::case_files;
use serde_json::Value;

/// A folder of `tests/cases` and the least number of cases it holds: a case is changed or added, never lost.
const KEPT: [(&str, usize); 4] = [("communs", 140), ("coop", 117), ("droits", 135), ("webhooks", 92)];

fn ids(domain: &str) -> Vec<String> {
    let files = case_files::json_files(&case_files::folder().join(domain)).unwrap();
    let cases = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        serde_json::from_str::<Vec<Value>>(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    });
    cases.map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_case_is_lost() {
    for (domain, least) in KEPT {
        let found = ids(domain).len();
        assert!(found >= least, "{found} cases of {domain} are left of {least}");
    }
}

#[test]
fn every_case_has_an_id_of_its_own_that_begins_with_its_domain() {
    let mut seen = BTreeSet::new();
    for (domain, _) in KEPT {
        for id in ids(domain) {
            assert!(id.starts_with(&format!("{}-", domain.to_uppercase())), "{id} of {domain}");
            assert!(seen.insert(id.clone()), "{id} is there twice");
        }
    }
}
