//! `bench coldstart`: how long each function takes from the start of its process to its first `GET /next` of the Lambda
//! Runtime API, its secrets read, and how large its archive is; both beside the least a function can be.
//!
//! The engines answer on loopback, in this process. What AWS adds (starting the sandbox, loading the archive, calls over
//! its network) is the same for both, or not measured here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use engines::Storage;
use passerelle::platform::clock::Clock;
use passerelle_local::runtime::sandbox;
use passerelle_local::stack::{Stack, StackOptions};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::arguments::ColdstartOptions;
use crate::build;
use crate::failure::Failure;

/// The functions: packages, binaries of the same names, and what `template.yaml` calls them.
const FUNCTIONS: [(&str, &str); 5] = [
    ("projects-api", "ProjectsApi"),
    ("webhook-fanout", "WebhookFanout"),
    ("outbox-sweeper", "OutboxSweeper"),
    ("rights-checker", "RightsChecker"),
    ("dataspace-sync", "DataspaceSync"),
];

/// What they are compared with.
const HELLO: &str = "hello";

/// A function that has not asked for its first event by then failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where this machine keeps its root certificates as one file, as the functions' Amazon Linux does. Without it a folder
/// of hundreds of files is read as well, which Amazon Linux does not have.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Zips the file that is its first argument as a function is packed, and prints the archive's size.
const ZIP: &str = "import io, sys, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    archive.write(sys.argv[1], 'bootstrap')
print(len(packed.getvalue()))";

/// A program to start.
struct Program {
    name: &'static str,
    path: PathBuf,
    variables: BTreeMap<String, String>,
    /// Milliseconds of each start.
    starts: Vec<f64>,
}

/// Starts each function again and again, in turns, and prints medians.
pub(crate) async fn run(options: ColdstartOptions) -> Result<(), Failure> {
    let names = FUNCTIONS.map(|(name, _)| name);
    let functions = build::built(&names, &names).await?;
    let hello = build::example(HELLO).await?;
    let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system()))
        .await
        .map_err(|error| Failure::process("moteurs", error.to_string()))?;
    let engines = listener().await?;
    let address = engines.local_addr().map_err(|error| Failure::io("adresse des moteurs", error))?;
    let router = stack.engines().router();
    let server = tokio::spawn(async move { axum::serve(engines, router).await });

    let mut programs: Vec<Program> = std::iter::once((HELLO, hello, BTreeMap::new()))
        .chain(FUNCTIONS.iter().zip(functions).map(|((name, id), path)| (*name, path, stack.variables(id))))
        .map(|(name, path, variables)| Program { name, path, variables, starts: Vec::new() })
        .collect();
    // One round that does not count: files come into the page cache.
    for round in 0..=options.runs.max(1) {
        for program in &mut programs {
            let elapsed = start(program, &format!("http://{address}")).await?;
            if round > 0 {
                program.starts.push(elapsed);
            }
        }
    }
    server.abort();
    show(&programs).await
}

async fn listener() -> Result<TcpListener, Failure> {
    TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| Failure::io("ouverture d'un port", error))
}

/// Starts a program once: milliseconds to its first request of the Runtime API.
async fn start(program: &Program, engines: &str) -> Result<f64, Failure> {
    let runtime = listener().await?;
    let address = runtime.local_addr().map_err(|error| Failure::io("adresse du Runtime API", error))?;
    let mut command = Command::new(&program.path);
    command
        .env_clear()
        .envs(&program.variables)
        .env("METRICS_NAMESPACE", "Passerelle/bench")
        .envs(sandbox(program.name, &address.to_string(), engines))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        // It says that the Runtime API is gone.
        .stderr(Stdio::null())
        .kill_on_drop(true);
    if Path::new(ROOTS).is_file() {
        command.env("SSL_CERT_FILE", ROOTS);
    }
    let began = Instant::now();
    let mut process = command.spawn().map_err(|error| Failure::io(format!("lancement de {}", program.name), error))?;
    let first = async {
        let (mut connection, _) = runtime.accept().await?;
        let mut request = [0; 128];
        let read = connection.read(&mut request).await?;
        Ok::<_, std::io::Error>((
            began.elapsed(),
            request[..read].starts_with(b"GET /2018-06-01/runtime/invocation/next"),
        ))
    };
    let asked = tokio::time::timeout(PATIENCE, first).await;
    process.kill().await.map_err(|error| Failure::io(format!("arrêt de {}", program.name), error))?;
    match asked {
        Ok(Ok((elapsed, true))) => Ok(elapsed.as_secs_f64() * 1e3),
        Ok(Ok((_, false))) => Err(Failure::process(program.name, "première requête inattendue")),
        Ok(Err(error)) => Err(Failure::io(format!("lecture de la requête de {}", program.name), error)),
        Err(_) => Err(Failure::process(program.name, "n'a rien demandé")),
    }
}

async fn show(programs: &[Program]) -> Result<(), Failure> {
    crate::print("fonction              démarrage (médiane, pire)    rapport    programme   archive zip\n")?;
    let baseline = programs.first().map_or(1.0, |hello| median(&hello.starts));
    for program in programs {
        let plain = std::fs::metadata(&program.path)
            .map_err(|error| Failure::io(format!("lecture de {}", program.path.display()), error))?
            .len();
        let zipped = zipped(&program.path).await.map_or_else(|| "- (sans python3)".to_owned(), mebibytes);
        let (median, worst) = (median(&program.starts), program.starts.iter().copied().fold(0.0, f64::max));
        crate::print(&format!(
            "{:<20} {median:>9.1} ms {worst:>9.1} ms {:>12.2}   {:>10}    {zipped:>10}\n",
            program.name,
            median / baseline,
            mebibytes(plain)
        ))?;
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// The size of the archive; `None` when Python is not there to make it.
async fn zipped(path: &Path) -> Option<u64> {
    let mut command = Command::new("python3");
    command.arg("-c").arg(ZIP).arg(path).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.2} Mio", bytes as f64 / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!(median(&[]).abs() < f64::EPSILON);
    }
}
