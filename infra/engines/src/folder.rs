//! The data folder: held by one process at a time, and checked before it is used.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::private;

/// Why the engines could not be opened: one French sentence, naming the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or one of its files cannot be created or read.
    #[error("Le dossier de données {} ne peut pas être utilisé : {source}.", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// Another process holds the folder.
    #[error(
        "Le dossier de données {} est déjà utilisé par un autre processus : arrêtez-le, ou choisissez un autre dossier.",
        path.display()
    )]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// A file is not what the engines wrote.
    #[error(
        "Le fichier de données {} est endommagé ({reason}) : restaurez-le, ou supprimez le dossier pour repartir de zéro.",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// An engine in memory could not start.
    #[error("Le moteur en mémoire ne démarre pas : {reason}.")]
    Memory {
        /// What was found.
        reason: String,
    },
}

/// A data folder held by this process, until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    // The lock lives as long as the open file.
    _lock: File,
}

impl Folder {
    /// Creates the folder if absent, and takes its lock.
    ///
    /// # Errors
    /// When the folder cannot be used or is held by another process.
    pub(super) fn hold(path: PathBuf) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Unusable { path: path.clone(), source };
        private::create_folder(&path).map_err(unusable)?;
        let lock = private::open_file(&path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Held { path }),
            Err(TryLockError::Error(source)) => Err(OpenError::Unusable { path, source }),
        }
    }

    /// The path of one SQLite file of the folder, checked, or made empty if it is not there: SQLite would make one that
    /// others may read, and gives the files beside it the same permissions.
    ///
    /// # Errors
    /// When it cannot be made, or SQLite finds it damaged.
    pub(super) fn checked_file(&self, name: &str) -> Result<PathBuf, OpenError> {
        let path = self.path.join(name);
        if path.exists() {
            check(&path).map_err(|reason| OpenError::Damaged { path: path.clone(), reason })?;
        } else {
            private::open_file(&path).map_err(|source| OpenError::Unusable { path: path.clone(), source })?;
        }
        Ok(path)
    }
}

fn check(path: &Path) -> Result<(), String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| error.to_string())?;
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(|error| error.to_string())?;
    // The verdict opens with the name of the database; the fault is its last line.
    match verdict.lines().last() {
        Some("ok") => Ok(()),
        fault => Err(fault.unwrap_or_default().to_owned()),
    }
}
