//! The programs to measure: those beside this one, made by the same build.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::failure::Failure;

/// The folder this program is in: `target/<profile>`.
pub(crate) fn folder() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::io("recherche du dossier de ce programme", error))?;
    own.parent().map(Path::to_owned).ok_or_else(|| Failure::process("bench", "programme sans dossier"))
}

/// Where the programs `binaries` of `packages` are. Started by `cargo run`, it has cargo build them first, so that
/// what is measured is what the sources say; started by itself, it takes them as they are and builds what is missing.
pub(crate) async fn built(packages: &[&str], binaries: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder()?;
    let paths = binaries.iter().map(|name| program(&folder, name)).collect();
    let asked: Vec<&str> = packages.iter().flat_map(|package| ["-p", package]).collect();
    made(&folder, &asked, paths).await
}

/// The example of this name, in the same way.
pub(crate) async fn example(name: &str) -> Result<PathBuf, Failure> {
    let folder = folder()?;
    let path = program(&folder.join("examples"), name);
    let made = made(&folder, &["-p", "bench", "--example", name], vec![path]).await?;
    made.into_iter().next().ok_or_else(|| Failure::process("cargo build", format!("{name} n'a pas été produit")))
}

fn program(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Has cargo build what is `asked`, in the profile of this program, so that it is at `paths`.
async fn made(folder: &Path, asked: &[&str], paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let cargo = std::env::var_os("CARGO");
    if cargo.is_none() && paths.iter().all(|path| path.is_file()) {
        return Ok(paths);
    }
    let release = folder.file_name().is_some_and(|name| name == "release");
    let mut command = Command::new(cargo.unwrap_or_else(|| "cargo".into()));
    command.arg("build").current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).kill_on_drop(true);
    if release {
        command.arg("--release");
    }
    let status = command.args(asked).status().await.map_err(|error| Failure::io("lancement de cargo", error))?;
    if !status.success() {
        return Err(Failure::process("cargo build", format!("échec ({status})")));
    }
    match paths.iter().find(|path| !path.is_file()) {
        Some(missing) => Err(Failure::process("cargo build", format!("{} n'a pas été produit", missing.display()))),
        None => Ok(paths),
    }
}

/// The `passerelle` program, or the one asked for.
pub(crate) async fn passerelle(asked: Option<PathBuf>) -> Result<PathBuf, Failure> {
    match asked {
        Some(path) if path.is_file() => Ok(path),
        Some(path) => Err(Failure::Arguments(format!("{} n'est pas un fichier", path.display()))),
        None => {
            let built = built(&["passerelle-local"], &["passerelle"]).await?;
            built.into_iter().next().ok_or_else(|| Failure::process("cargo build", "passerelle n'a pas été produit"))
        }
    }
}
