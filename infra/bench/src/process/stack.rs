//! The local stack as a process: `passerelle serve`.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::{Process, Usage};
use crate::failure::Failure;

/// Where the stack keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In a folder, every answer after its fsync.
    OnDisk,
    /// Nowhere.
    InMemory,
}

/// A running stack.
pub(crate) struct StackProcess {
    process: Process,
    greeting: Greeting,
}

#[derive(Deserialize)]
struct Greeting {
    api: String,
    services: BTreeMap<String, Service>,
}

/// The keys of a service. Those that only operate have others.
#[derive(Deserialize)]
struct Service {
    projects: Option<String>,
    sync: Option<String>,
}

impl Greeting {
    fn key(&self, service: &str, choose: impl Fn(&Service) -> Option<&str>) -> Result<&str, Failure> {
        let key = self.services.get(service).and_then(choose);
        key.ok_or_else(|| Failure::process("passerelle", "clé de démonstration absente de l'annonce"))
    }
}

impl StackProcess {
    /// Starts `program` on free ports with its data and its log in `folder`, and waits until it is ready.
    pub(crate) async fn start(program: &Path, folder: &Path, kept: Kept, faults: &[String]) -> Result<Self, Failure> {
        let log = folder.join("passerelle.log");
        let mut command = Command::new(program);
        command.args(["serve", "--json", "--port", "0", "--aws-port", "0"]).stderr(appended(&log)?);
        match kept {
            Kept::OnDisk => command.arg("--data").arg(folder.join("data")),
            Kept::InMemory => command.arg("--memory"),
        };
        for fault in faults {
            command.args(["--fault", fault]);
        }
        let mut process = Process::start("passerelle", command)?;
        let greeting = match process.greeting().await {
            Ok(greeting) => greeting,
            Err(failure) => return Err(with_log(failure, &log)),
        };
        let greeting = serde_json::from_str(&greeting)
            .map_err(|error| Failure::process("passerelle", format!("annonce illisible : {error}")))?;
        Ok(Self { process, greeting })
    }

    /// Where the API is, without its prefix.
    pub(crate) fn api(&self) -> &str {
        &self.greeting.api
    }

    /// The key of a demonstration service, scope `projects`.
    ///
    /// # Errors
    /// When the greeting names no such key.
    pub(crate) fn key(&self, service: &str) -> Result<&str, Failure> {
        self.greeting.key(service, |keys| keys.projects.as_deref())
    }

    /// The key of a service itself, which manages its webhooks.
    ///
    /// # Errors
    /// When the greeting names no such key.
    pub(crate) fn sync_key(&self, service: &str) -> Result<&str, Failure> {
        self.greeting.key(service, |keys| keys.sync.as_deref())
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Usage {
        self.process.usage()
    }

    /// Waits, up to `patience`, until it ends by itself. Whether it did.
    pub(crate) async fn ended(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.process.ended()).await.is_ok()
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) -> Result<(), Failure> {
        self.process.kill().await.map(drop)
    }
}

fn appended(path: &PathBuf) -> Result<File, Failure> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| Failure::io(format!("ouverture de {}", path.display()), error))
}

/// The failure with the last line the stack wrote, which says why.
fn with_log(failure: Failure, log: &Path) -> Failure {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    match text.lines().last() {
        Some(line) => Failure::process("passerelle", format!("{failure} ; {line}")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_only_operate_have_other_keys() {
        let greeting: Greeting = serde_json::from_str(
            r#"{"api": "http://127.0.0.1:1", "services": {"mec": {"projects": "p", "sync": "s", "manage": null},
                "exploitation": {"projects": null, "sync": null, "manage": "m"}}}"#,
        )
        .unwrap();
        assert_eq!(greeting.key("mec", |keys| keys.sync.as_deref()).unwrap(), "s");
        assert!(greeting.key("exploitation", |keys| keys.sync.as_deref()).is_err());
    }
}
