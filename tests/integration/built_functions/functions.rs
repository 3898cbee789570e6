//! The function binaries as they are built, each a process of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acceptance::runtime_api::{Outcome, RuntimeApi};
use acceptance::workspace::{build_folder, cargo};
use passerelle_local::runtime::sandbox;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

/// Longer than any invocation here; a function that neither answers nor dies fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// Builds every binary of the workspace and returns the folder they are in.
pub fn build() -> PathBuf {
    let output = cargo("build").unwrap().arg("--bins").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    build_folder().unwrap()
}

/// One running function.
pub struct Function {
    name: &'static str,
    process: Child,
    runtime: RuntimeApi,
    written: Arc<Mutex<Vec<String>>>,
}

impl Function {
    /// Starts a binary with nothing in its environment but what Lambda sets, its own variables, and
    /// the address of the engines in place of AWS.
    pub async fn start(folder: &Path, name: &'static str, variables: &BTreeMap<String, String>, engines: &str) -> Self {
        let runtime = RuntimeApi::open().await.unwrap();
        let mut process = tokio::process::Command::new(folder.join(name))
            .env_clear()
            .envs(variables)
            .envs(sandbox(name, &runtime.address().to_string(), engines))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let written = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut lines) = (Arc::clone(&written), BufReader::new(process.stdout.take().unwrap()).lines());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push(line);
            }
        });
        Self { name, process, runtime, written }
    }

    /// What the function writes, line by line, once a line holds `expected`.
    pub async fn lines(&self, expected: &str) -> Vec<String> {
        let awaited = async {
            loop {
                let lines = self.written.lock().unwrap().clone();
                if lines.iter().any(|line| line.contains(expected)) {
                    return lines;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, awaited)
            .await
            .unwrap_or_else(|_| panic!("{} never wrote « {expected} »", self.name))
    }

    /// Invokes the function once.
    pub async fn invoke(&mut self, event: Value) -> Outcome {
        tokio::select! {
            outcome = self.runtime.invoke(event) => outcome,
            status = self.process.wait() => panic!("{} ended: {status:?}", self.name),
            () = tokio::time::sleep(PATIENCE) => panic!("{} did not answer", self.name),
        }
    }
}
