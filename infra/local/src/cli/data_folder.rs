//! The data folder: the engines' files, and what the demonstration services were shown once.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use engines::private;

use super::Failure;
use crate::demo::registry::ServiceRegistry;

const ENGINES: &str = "engines";
const REGISTRY: &str = "services.json";

/// A folder that belongs to one running stack.
#[derive(Debug, Clone)]
pub(super) struct DataFolder(PathBuf);

impl DataFolder {
    /// Creates the folder if need be, closed to others: it holds keys.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        make_private(path).map_err(|error| {
            Failure::Data(format!("le dossier de données {} est inutilisable : {}", path.display(), reason(&error)))
        })?;
        Ok(Self(path.to_owned()))
    }

    /// Where the engines keep their files.
    pub(super) fn engines(&self) -> PathBuf {
        self.0.join(ENGINES)
    }

    /// Reads the registry; empty the first time.
    pub(super) fn read_registry(&self) -> Result<ServiceRegistry, Failure> {
        let path = self.registry_path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(ServiceRegistry::default()),
            Err(error) => {
                return Err(Failure::Data(format!("{} est illisible : {}", path.display(), reason(&error))));
            }
        };
        // The parser's message could quote a key.
        serde_json::from_str(&text).map_err(|_| {
            Failure::Data(format!(
                "{} est abîmé : supprimez ce fichier pour recréer des clés de démonstration",
                path.display()
            ))
        })
    }

    /// Writes the registry: whole and on disk, or not at all.
    pub(super) fn write_registry(
        &self,
        registry: &ServiceRegistry,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let path = self.registry_path();
        let written = || -> io::Result<()> {
            let beside = path.with_extension("json.new");
            let mut file = private::open_file(&beside)?;
            file.set_len(0)?;
            file.write_all(&serde_json::to_vec_pretty(registry)?)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(&self.0)?.sync_all()
        };
        written().map_err(|error| format!("écriture de {} impossible : {}", path.display(), reason(&error)).into())
    }

    fn registry_path(&self) -> PathBuf {
        self.0.join(REGISTRY)
    }
}

/// Makes the folder, or closes one that is ours to others. A folder with other things in it stays as it is: only our
/// own files in it are closed.
fn make_private(path: &Path) -> io::Result<()> {
    let ours = [OsStr::new(ENGINES), OsStr::new(REGISTRY)];
    let shared = match path.read_dir() {
        Ok(entries) => {
            let names: Vec<_> = entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
            names.iter().any(|name| !ours.contains(&name.as_os_str()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    if !shared {
        return private::create_folder(path);
    }
    match private::restrict(&path.join(REGISTRY), 0o600) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The system's reason in French, for those a person meets.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "accès refusé".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "un fichier porte déjà ce nom".to_owned(),
        io::ErrorKind::IsADirectory => "un dossier porte ce nom".to_owned(),
        io::ErrorKind::StorageFull => "le disque est plein".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "le disque est en lecture seule".to_owned(),
        io::ErrorKind::InvalidData => "ce n'est pas du texte UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of this test, removed at its end.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("passerelle-{}", uuid::Uuid::new_v4())))
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn registry() -> ServiceRegistry {
        serde_json::from_str(r#"{"mec": {"projectsKey": "p", "syncKey": "s", "webhook": {"id": "1", "secret": "w"}}}"#)
            .unwrap()
    }

    #[test]
    fn the_registry_reads_back_and_is_private() {
        let place = Temporary::new();
        let folder = DataFolder::open(&place.0).unwrap();
        assert_eq!(folder.read_registry().unwrap(), ServiceRegistry::default());
        folder.write_registry(&registry()).unwrap();
        assert_eq!(folder.read_registry().unwrap(), registry());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder.registry_path()), mode(&place.0)), (0o600, 0o700));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_open_is_closed_unless_it_is_shared() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (shared, expected) in [(false, 0o700), (true, 0o755)] {
            let place = Temporary::new();
            let folder = DataFolder::open(&place.0).unwrap();
            folder.write_registry(&registry()).unwrap();
            if shared {
                fs::write(place.0.join("photo.jpg"), "").unwrap();
            }
            open(&place.0, 0o755);
            open(&folder.registry_path(), 0o644);
            DataFolder::open(&place.0).unwrap();
            assert_eq!((mode(&place.0), mode(&folder.registry_path())), (expected, 0o600), "shared: {shared}");
        }
    }

    #[test]
    fn damage_is_told_without_telling_what_was_inside() {
        let place = Temporary::new();
        let folder = DataFolder::open(&place.0).unwrap();
        fs::write(folder.registry_path(), r#"{"mec": "mec_secret""#).unwrap();
        let failure = folder.read_registry().unwrap_err();
        assert_eq!(failure.status(), 4);
        assert!(failure.to_string().contains("services.json est abîmé"), "{failure}");
        assert!(!failure.to_string().contains("mec_secret"), "{failure}");
        fs::write(folder.registry_path(), [0xff, 0xfe]).unwrap();
        assert!(folder.read_registry().unwrap_err().to_string().contains("illisible"));
    }

    #[test]
    fn a_file_in_the_folder_s_place_is_told() {
        let place = Temporary::new();
        fs::write(&place.0, "").unwrap();
        let failure = DataFolder::open(&place.0).unwrap_err().to_string();
        fs::remove_file(&place.0).unwrap();
        assert!(failure.contains("est inutilisable : un fichier porte déjà ce nom"), "{failure}");
    }
}
