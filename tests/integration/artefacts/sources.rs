//! What the code and the pages cite exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acceptance::workspace::root;

/// Folders that hold nothing of ours; seeds are kept as they came.
const FOREIGN: [&str; 5] = ["target", ".git", ".passerelle", "node_modules", "seeds"];

/// The repository's files with one of these extensions, with their text.
fn files(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    gather(&root(), extensions, &mut found);
    found
}

fn gather(folder: &Path, extensions: &[&str], found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !FOREIGN.contains(&name) {
                gather(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)) {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The anchors of a page, made of its headings as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut code = false;
    let mut found = BTreeSet::new();
    for line in page.lines() {
        code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if !code && heading.len() < line.len() && heading.starts_with(' ') {
            found.insert(anchor(heading));
        }
    }
    found
}

fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

/// What is wrong with a reference `path` or `path#anchor`, seen from `folder`.
fn fault(reference: &str, folder: &Path) -> Option<&'static str> {
    let (path, wanted) = match reference.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (reference, None),
    };
    let target = folder.join(path);
    match wanted {
        _ if !target.exists() => Some("no such file"),
        Some(wanted) if !anchors(&std::fs::read_to_string(&target).unwrap_or_default()).contains(wanted) => {
            Some("no such heading")
        }
        _ => None,
    }
}

/// A source stands on a line of its own with what it cites: pages of this repository, or addresses.
#[test]
fn every_source_is_a_page_and_a_heading_that_exist() {
    let mut cited = 0;
    let mut faults = Vec::new();
    for (path, text) in files(&["rs"]) {
        for (number, line) in text.lines().enumerate() {
            let comment = line.trim_start();
            if !comment.starts_with("//") || !comment.contains("Source: ") {
                continue;
            }
            let place = format!("{}:{}", path.display(), number + 1);
            let Some(references) = comment.trim_start_matches(['/', '!']).trim().strip_prefix("Source: ") else {
                faults.push(format!("{place}: a source has a line of its own"));
                continue;
            };
            for reference in references.split(", ") {
                cited += 1;
                if !reference.starts_with("https://")
                    && let Some(fault) = fault(reference, &root())
                {
                    faults.push(format!("{place}: {reference}: {fault}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cited > 20, "only {cited} sources found: is the search right?");
}

/// Links from one page to another.
#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut followed = 0;
    let mut faults = Vec::new();
    for (path, text) in files(&["md"]) {
        let mut code = false;
        for (number, line) in text.lines().enumerate() {
            code ^= line.starts_with("```");
            for rest in line.split("](").skip(1).filter(|_| !code) {
                let Some((link, _)) = rest.split_once(')') else { continue };
                if link.contains("://") || link.starts_with("mailto:") {
                    continue;
                }
                followed += 1;
                let page = if link.starts_with('#') { format!("{}{link}", path.display()) } else { link.to_owned() };
                if let Some(fault) = fault(&page, path.parent().unwrap()) {
                    faults.push(format!("{}:{}: {link}: {fault}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(followed > 50, "only {followed} links found: is the search right?");
}

/// Whether a character can stand in a path.
fn of_path(letter: char) -> bool {
    letter.is_alphanumeric() || "/._-{}".contains(letter)
}

/// Files that comments and pages name by their whole path. `docs/decisions/0019` stands for the page of that number;
/// what goes on with `<`, `*` or `$` stands for several.
#[test]
fn every_file_named_by_its_path_exists() {
    const ROOMS: [&str; 8] = ["docs/", "shared/", "functions/", "infra/", "tests/", "events/", ".ci/", ".github/"];
    let decisions: BTreeSet<String> = std::fs::read_dir(root().join("docs/decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().chars().take(4).collect())
        .collect();
    let mut named = 0;
    let mut faults = Vec::new();
    for (path, text) in files(&["md", "rs", "yaml", "yml", "toml", "py"]) {
        // What was, and what somebody made up.
        if path.ends_with("CHANGELOG.md") || path.ends_with("artefacts/sources.rs") {
            continue;
        }
        for room in ROOMS {
            for (start, _) in text.match_indices(room) {
                let inside = text[..start].chars().next_back().is_some_and(|before| of_path(before) || before == '$');
                let end = text[start..].find(|letter| !of_path(letter)).map_or(text.len(), |length| start + length);
                let several = ["<", "*", "$"].iter().any(|sign| text[end..].starts_with(sign));
                let file = text[start..end].trim_end_matches(['.', '-']);
                if inside || several || file.contains(['{', '}']) {
                    continue;
                }
                named += 1;
                let decision = file.strip_prefix("docs/decisions/").is_some_and(|number| decisions.contains(number));
                if !decision && !root().join(file).exists() {
                    faults.push(format!("{}: {file}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(named > 100, "only {named} files named: is the search right?");
}

/// A path with what stands for a value made alike everywhere.
fn shape(path: &str) -> String {
    let shaped = |part| if part_is_a_value(part) { "{}" } else { part };
    path.trim_end_matches('.').split('/').map(shaped).collect::<Vec<_>>().join("/")
}

fn part_is_a_value(part: &str) -> bool {
    part.starts_with('{')
}

/// The operations of the three APIs, with the prefix and without.
fn operations() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for api in ["communs", "droits", "coop"] {
        let file = root().join(format!("docs/openapi/{api}.json"));
        let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                found.insert((method.to_uppercase(), shape(path)));
                found.insert((method.to_uppercase(), shape(&format!("/{api}/v1{path}"))));
            }
        }
    }
    found
}

/// What operators and callers are told to call: pages, runbooks, pages of problems, texts of alarms. The contract and the
/// decisions also speak of others' APIs and of what is to come.
#[test]
fn every_route_that_people_are_told_to_call_exists() {
    let operations = operations();
    let elsewhere = ["docs/spec/", "docs/decisions/", "docs/benchmarks.md", "tests/cases/"];
    let mut named = 0;
    let mut faults = Vec::new();
    for (path, text) in files(&["md", "rs", "yaml"]) {
        let place = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let told = place.ends_with(".md") || place.starts_with("shared/src/web/guide/") || place.starts_with("infra/a");
        if !told || elsewhere.iter().any(|folder| place.starts_with(folder)) {
            continue;
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            for (start, _) in text.match_indices(method) {
                let rest = text[start + method.len()..].trim_start_matches([' ', '\n']);
                let end = rest.find(|letter| !of_path(letter)).unwrap_or(rest.len());
                if !rest.starts_with('/') {
                    continue;
                }
                named += 1;
                if !operations.contains(&(method.to_owned(), shape(&rest[..end]))) {
                    faults.push(format!("{place}: {method} {}", &rest[..end]));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(named > 20, "only {named} routes found: is the search right?");
}

/// `<ApiUrl>` in a page stands for an output, a resource or a parameter of the template.
#[test]
fn every_placeholder_of_the_pages_is_a_name_of_the_template() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let names: BTreeSet<&str> =
        template.lines().filter_map(|line| line.trim().split_once(':')).map(|it| it.0).collect();
    let mut faults = Vec::new();
    for (path, text) in files(&["md"]) {
        for rest in text.split('<').skip(1) {
            let Some((name, _)) = rest.split_once('>') else { continue };
            let named = name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.chars().all(|letter| letter.is_ascii_alphanumeric());
            if named && !names.contains(name) {
                faults.push(format!("{}: <{name}>", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_decision_has_its_status_and_is_listed() {
    let folder = root().join("docs/decisions");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut numbers = BTreeSet::new();
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        if !std::fs::read_to_string(&path).unwrap().contains("\n**Status.** ") {
            faults.push(format!("{name}: no status"));
        }
        if !index.contains(&format!("({name})")) {
            faults.push(format!("{name}: not in the index"));
        }
        if !numbers.insert(name[..4].to_owned()) {
            faults.push(format!("{name}: its number is taken"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What a procedure's last line names was tried: `module::test` is a test in the file of that module.
#[test]
fn every_test_that_a_procedure_names_exists() {
    let sources = files(&["rs"]);
    let stands = |module: &str, name: &str| {
        let has = |text: &str| ["fn", "mod"].iter().any(|word| text.contains(&format!("{word} {name}")));
        sources.iter().any(|(path, text)| path.file_stem().is_some_and(|stem| stem == module) && has(text))
    };
    let mut named = 0;
    let mut faults = Vec::new();
    for (path, text) in files(&["md"]) {
        let Some((_, tried)) = text.split_once("\nEssayé : ") else { continue };
        for (module, name) in tried.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")) {
            named += 1;
            if !stands(module, name) {
                faults.push(format!("{}: {module}::{name}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(named > 5, "only {named} tests named: is the search right?");
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor(" 3. Fill the secrets"), "3-fill-the-secrets");
    assert_eq!(anchor(" `POST /users/{id}` -> 200"), "post-usersid---200");
    assert_eq!(anchor(" Périmètre, et codes"), "périmètre-et-codes");
}
