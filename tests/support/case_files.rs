//! Where the acceptance cases lie.

use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::root;

/// The folder of the cases of this repository.
#[must_use]
pub fn folder() -> PathBuf {
    root().join("tests/cases")
}

/// Every JSON file under a folder, sorted by path.
///
/// # Errors
/// When a folder cannot be read.
pub fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            // `metadata` follows links: a linked folder of cases is a folder.
            if std::fs::metadata(&path)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
