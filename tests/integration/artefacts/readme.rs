//! The commands that README and CONTRIBUTING tell people to type are ones that exist.

use std::process::Command;

use acceptance::workspace::{build_folder, root};

const PAGES: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// The commands of a page: lines of its shell blocks and what stands in backquotes, comments left out.
fn commands(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let mut found = Vec::new();
    let mut shell = false;
    for line in text.lines() {
        if line.starts_with("```") {
            shell = line == "```sh";
        } else if shell {
            found.push(line.split(" #").next().unwrap_or_default().trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    // A variable set before a command is no part of it.
    let command = |line: String| {
        let words = line.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('-'));
        words.collect::<Vec<_>>().join(" ")
    };
    found.into_iter().map(command).collect()
}

/// What follows an option among the words of a command.
fn after<'a>(words: &[&'a str], option: &str) -> Option<&'a str> {
    let place = words.iter().position(|word| *word == option)?;
    words.get(place + 1).copied()
}

/// Cargo's own commands that the pages use, and the aliases of this repository.
fn is_cargo_command(name: &str) -> bool {
    let aliases = std::fs::read_to_string(root().join(".cargo/config.toml")).unwrap();
    let ours = aliases.lines().any(|line| line.split_once(" = ").is_some_and(|(alias, _)| alias == name));
    ours || ["run", "test", "build", "bench", "check", "clippy", "doc", "fmt", "deny", "lambda"].contains(&name)
}

#[test]
fn every_cargo_command_exists_and_so_do_its_packages_and_tests() {
    let manifests = |name: &str| {
        let output = Command::new("git").current_dir(root()).args(["grep", "-l", name, "--", "*Cargo.toml"]).output();
        !output.unwrap().stdout.is_empty()
    };
    let mut checked = 0;
    for page in PAGES {
        for command in commands(page) {
            let Some(rest) = command.strip_prefix("cargo ") else { continue };
            let words: Vec<&str> = rest.split_whitespace().collect();
            assert!(words.first().is_some_and(|name| is_cargo_command(name)), "{page}: {command}");
            for option in ["-p", "--package", "--test", "--bench", "--bin"] {
                if let Some(name) = after(&words, option) {
                    assert!(manifests(&format!("^name = \"{name}\"")), "{page}: {command}: no {name}");
                }
            }
            checked += 1;
        }
    }
    assert!(checked > 10, "only {checked} commands: is the search right?");
}

#[test]
fn cargo_run_is_the_local_stack_and_its_commands_exist() {
    let target = build_folder().unwrap().parent().unwrap().to_owned();
    // A second program that `cargo run` could mean would break it.
    let passerelle = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.current_dir(root()).arg("run").arg("--target-dir").arg(&target).args(["--quiet", "--"]);
        command.args(arguments).output().unwrap()
    };
    let version = passerelle(&["--version"]);
    let said = String::from_utf8_lossy(&version.stdout);
    assert!(said.starts_with("passerelle "), "{said}{}", String::from_utf8_lossy(&version.stderr));
    for page in PAGES {
        for command in commands(page) {
            let Some(rest) = command.strip_prefix("cargo run -- ") else { continue };
            let named: Vec<&str> = rest.split_whitespace().take_while(|word| !word.starts_with('-')).collect();
            let Some(name) = named.first() else { continue };
            let help = passerelle(&[name, "--help"]);
            assert!(help.status.success(), "{page}: {command}: {}", String::from_utf8_lossy(&help.stderr));
        }
    }
}
