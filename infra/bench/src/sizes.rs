//! `bench sizes`: what is uploaded for each function.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::build;
use crate::failure::Failure;

/// The Lambda functions: packages, and the binaries of the same names.
const FUNCTIONS: [&str; 3] = ["projects-api", "webhook-fanout", "outbox-sweeper"];

/// Zips the file that is its first argument as a function is packed, and prints the archive's size.
const ZIP: &str = "import io, sys, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    archive.write(sys.argv[1], 'bootstrap')
print(len(packed.getvalue()))";

/// Prints the size of each function, as it is and zipped.
pub(crate) async fn run() -> Result<(), Failure> {
    let binaries = build::built(&FUNCTIONS, &FUNCTIONS).await?;
    crate::print("fonction              programme     archive zip\n")?;
    for (name, path) in FUNCTIONS.iter().zip(&binaries) {
        let plain = std::fs::metadata(path)
            .map_err(|error| Failure::io(format!("lecture de {}", path.display()), error))?
            .len();
        let zipped = zipped(path).await.map_or_else(|| "- (sans python3)".to_owned(), mebibytes);
        crate::print(&format!("{name:<20} {:>10}      {zipped:>10}\n", mebibytes(plain)))?;
    }
    Ok(())
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
