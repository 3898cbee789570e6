//! The processes that are started, watched and ended.
//!
//! Each is ended by its own id when its handle is dropped, at Ctrl-C and SIGTERM too. The helpers also end by
//! themselves when their standard input closes; only a stack can outlive this program, when it is killed with -9.

mod stack;
mod usage;

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(crate) use stack::{Kept, StackProcess};
pub(crate) use usage::{Usage, machine_cpu_seconds};

use crate::failure::Failure;

/// How long a process may take to say that it is ready.
const START: Duration = Duration::from_secs(60);

/// A process that tells what it has to tell in lines on its standard output.
pub(crate) struct Process {
    name: String,
    child: Child,
    id: u32,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `command`, called `name` in messages.
    pub(crate) fn start(name: &str, mut command: Command) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Failure::io(format!("lancement de {name}"), error))?;
        let id = child.id().ok_or_else(|| Failure::process(name, "fini aussitôt lancé"))?;
        let output = child.stdout.take().ok_or_else(|| Failure::process(name, "sans sortie"))?;
        Ok(Self { name: name.to_owned(), id, input: child.stdin.take(), lines: BufReader::new(output).lines(), child })
    }

    /// Starts this very program with the hidden subcommand `role`.
    pub(crate) fn helper(role: &str) -> Result<Self, Failure> {
        let own = std::env::current_exe().map_err(|error| Failure::io("recherche de ce programme", error))?;
        let mut command = Command::new(own);
        command.arg(OsStr::new(role));
        Self::start(&format!("bench {role}"), command)
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(&self.id.to_string())
    }

    /// Sends it one line.
    pub(crate) async fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let Some(input) = &mut self.input else { return Err(Failure::process(&self.name, "sans entrée")) };
        let sent = async {
            input.write_all(line.as_bytes()).await?;
            input.write_all(b"\n").await?;
            input.flush().await
        };
        sent.await.map_err(|error| Failure::io(format!("envoi à {}", self.name), error))
    }

    /// The line that says it is ready.
    pub(crate) async fn greeting(&mut self) -> Result<String, Failure> {
        match tokio::time::timeout(START, self.line()).await {
            Ok(line) => line,
            Err(_) => Err(Failure::process(&self.name, format!("muet depuis {} s", START.as_secs()))),
        }
    }

    /// Its next line.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        let line = self.lines.next_line().await;
        match line.map_err(|error| Failure::io(format!("lecture de {}", self.name), error))? {
            Some(line) => Ok(line),
            None => Err(Failure::process(&self.name, "fini avant d'avoir répondu")),
        }
    }

    /// Resolves when it has ended.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus, Failure> {
        self.child.wait().await.map_err(|error| Failure::io(format!("attente de {}", self.name), error))
    }

    /// Ends it the hard way, as `kill -9` does, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<ExitStatus, Failure> {
        let failed = |error| Failure::io(format!("arrêt de {}", self.name), error);
        self.child.start_kill().map_err(failed)?;
        self.child.wait().await.map_err(failed)
    }
}

/// In a helper: resolves when the program that started it is gone or done with it.
pub(crate) async fn abandoned(mut input: impl AsyncRead + Unpin) {
    let mut ignored = [0; 256];
    while matches!(input.read(&mut ignored).await, Ok(read) if read > 0) {}
}
