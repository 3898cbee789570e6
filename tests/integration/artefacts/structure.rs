//! What holds of the code as a whole: which crates the rules lean on, and how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use acceptance::workspace::root;
use serde_json::Value;

/// What no rule needs: AWS, HTTP, an async runtime. The beginnings of the names of crates.
const FORBIDDEN: [&str; 16] = [
    "actix",
    "async-",
    "aws",
    "axum",
    "futures",
    "http",
    "hyper",
    "lambda",
    "metrics",
    "reqwest",
    "rustls",
    "smol",
    "tokio",
    "tower",
    "tracing",
    "utoipa-axum",
];

/// Longer files are several.
const LONGEST_FILE: usize = 500;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Everything the crate `domain` is built with, by name, tests left out.
fn dependencies_of_the_domain() -> BTreeSet<String> {
    let mut command = Command::new(env!("CARGO"));
    // As for Lambda: other platforms bring glue of their own.
    let platform = ["--filter-platform", "aarch64-unknown-linux-gnu"];
    command.current_dir(root()).args(["metadata", "--format-version", "1", "--locked", "--offline"]).args(platform);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let names: BTreeMap<&str, &str> = packages.iter().map(|of| (text(&of["id"]), text(&of["name"]))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let domain = names.iter().find(|(_, name)| **name == "domain").map(|(id, _)| *id).unwrap();
    let (mut found, mut ahead) = (BTreeSet::new(), vec![domain]);
    while let Some(id) = ahead.pop() {
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let built_with = kinds.iter().any(|kind| kind["kind"] != "dev");
            if built_with && found.insert(text(&dependency["pkg"])) {
                ahead.push(text(&dependency["pkg"]));
            }
        }
    }
    found.into_iter().map(|id| names[id].to_owned()).collect()
}

#[test]
fn the_rules_know_no_aws_no_http_and_no_async_runtime() {
    let dependencies = dependencies_of_the_domain();
    assert!(dependencies.contains("serde") && dependencies.contains("chrono"), "{dependencies:?}");
    let forbidden = |name: &&String| FORBIDDEN.iter().any(|beginning| name.starts_with(beginning));
    let found: Vec<&String> = dependencies.iter().filter(forbidden).collect();
    assert!(found.is_empty(), "the crate domain is built with {found:?}");
}

#[test]
fn no_source_file_is_longer_than_a_reader_keeps_in_mind() {
    let output = Command::new("git").current_dir(root()).args(["ls-files", "*.rs", "*.py", "*.mjs"]).output().unwrap();
    let files = String::from_utf8(output.stdout).unwrap();
    let mut read = 0;
    for file in files.lines().filter(|file| root().join(file).exists()) {
        let lines = std::fs::read_to_string(root().join(file)).unwrap().lines().count();
        assert!(lines <= LONGEST_FILE, "{file} has {lines} lines");
        read += 1;
    }
    assert!(read > 300, "only {read} files: is this a clone?");
}
