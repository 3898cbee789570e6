//! What the README promises of its first command.

use std::process::Command;

use acceptance::workspace::{build_folder, root};

/// A second program that `cargo run` could mean would break it.
#[test]
fn cargo_run_is_the_local_stack() {
    let target = build_folder().unwrap().parent().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).arg("run").arg("--target-dir").arg(target);
    let output = command.args(["--quiet", "--", "--version"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("passerelle "), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
