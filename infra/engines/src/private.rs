//! Files and folders for their owner alone: they hold keys.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder only its owner can enter, or closes one that is there, and the files in it, to everybody else.
///
/// # Errors
/// When it cannot be made, or belongs to somebody else.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)?;
    restrict(path, 0o700)?;
    for entry in path.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            restrict(&entry.path(), 0o600)?;
        }
    }
    Ok(())
}

/// Opens a file for writing, as it is, made for its owner alone if it is not there.
///
/// # Errors
/// When it can be neither made nor opened.
pub fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

/// Takes from a file or folder the permissions that are not in `mode`.
///
/// # Errors
/// When it belongs to somebody else.
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = path.metadata()?.permissions();
        let held = permissions.mode() & 0o7777;
        if held & !mode != 0 {
            permissions.set_mode(held & mode);
            std::fs::set_permissions(path, permissions)?;
        }
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::Utc;

    use super::*;
    use crate::{Engines, Storage};

    fn modes(folder: &Path) -> Vec<(String, u32)> {
        let mut modes = vec![(".".to_owned(), folder.metadata().unwrap().permissions().mode() & 0o777)];
        for entry in folder.read_dir().unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            modes.push((entry.file_name().to_string_lossy().into_owned(), mode));
        }
        modes.sort();
        modes
    }

    #[test]
    fn nobody_else_reads_the_engines_files_even_in_a_folder_that_was_open() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("engines");
        let open = || Engines::open(Storage::Directory(folder.clone()), Utc::now).unwrap();
        for round in 0..2 {
            let engines = open();
            let found = modes(&folder);
            assert!(found.len() >= 4, "{found:?}");
            for (name, mode) in &found {
                let expected = if name == "." { 0o700 } else { 0o600 };
                assert_eq!(*mode, expected, "round {round}: {name}");
            }
            drop(engines);
            // As earlier versions made them.
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
            for entry in folder.read_dir().unwrap() {
                std::fs::set_permissions(entry.unwrap().path(), std::fs::Permissions::from_mode(0o644)).unwrap();
            }
        }
    }
}
