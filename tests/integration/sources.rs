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

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor(" 3. Fill the secrets"), "3-fill-the-secrets");
    assert_eq!(anchor(" `POST /users/{id}` -> 200"), "post-usersid---200");
    assert_eq!(anchor(" Périmètre, et codes"), "périmètre-et-codes");
}
