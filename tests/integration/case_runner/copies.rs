//! The copies of the cases are the cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use acceptance::case_files;

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    case_files::json_files(folder)
        .unwrap()
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(folder).unwrap().to_owned();
            (name, std::fs::read(file).unwrap())
        })
        .collect()
}

#[test]
fn the_copies_equal_the_originals() {
    let originals = case_files::originals();
    if !originals.is_dir() {
        // A plain clone: the copies are all there is.
        return;
    }
    let (originals, copies) = (contents(&originals), contents(&case_files::copies()));
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&originals), names(&copies), "not the same files");
    for (name, original) in &originals {
        assert!(copies[name] == *original, "{} differs from its original", name.display());
    }
}

#[test]
fn there_are_cases() {
    assert!(!contents(&case_files::copies()).is_empty());
}
