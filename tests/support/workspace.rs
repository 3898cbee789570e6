//! This workspace: where it lies, where it is built, and its own cargo.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// The folder the running test was built in, which holds the binaries of the same profile (`target/debug`).
///
/// # Errors
/// When the test was not started from where cargo puts tests.
pub fn build_folder() -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.parent().and_then(Path::parent);
    folder.map(Path::to_owned).ok_or_else(|| io::Error::other("not in a target folder"))
}

/// A cargo command on the whole workspace, with the profile and the target folder of the running test: what the two
/// share is compiled once.
///
/// # Errors
/// As [`build_folder`].
pub fn cargo(subcommand: &str) -> io::Result<Command> {
    let folder = build_folder()?;
    let mut command = Command::new(env!("CARGO"));
    command.args([subcommand, "--workspace"]).current_dir(root());
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    if folder.ends_with("release") {
        command.arg("--release");
    }
    Ok(command)
}
