//! `bench start`: how long the local stack takes from the start of its process to the first answer of its API, and
//! how much memory it then holds.

use std::path::Path;
use std::time::Instant;

use crate::arguments::{Place, StartOptions};
use crate::build;
use crate::failure::Failure;
use crate::process::{Kept, StackProcess};

/// Starts the stack again and again and prints the median.
pub(crate) async fn run(options: StartOptions) -> Result<(), Failure> {
    let runs = options.runs.max(1);
    let Place { binary, folder } = options.place;
    let program = build::passerelle(binary).await?;
    let place = folder.map_or_else(build::folder, Ok)?;
    crate::print("démarrage de la pile        prête (médiane, pire)     mémoire résidente\n")?;
    let (mut fresh, mut again, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(&place)
            .map_err(|error| Failure::io(format!("création d'un dossier dans {}", place.display()), error))?;
        memory.push(once(&program, folder.path(), Kept::InMemory).await?);
        fresh.push(once(&program, folder.path(), Kept::OnDisk).await?);
        again.push(once(&program, folder.path(), Kept::OnDisk).await?);
        folder.close().map_err(|error| Failure::io("suppression du dossier de données", error))?;
    }
    for (name, starts) in [("en mémoire", memory), ("dossier neuf", fresh), ("dossier existant", again)] {
        crate::print(&line(name, starts))?;
    }
    Ok(())
}

/// Starts the stack once: milliseconds to the first answer, MiB after it.
async fn once(program: &Path, folder: &Path, kept: Kept) -> Result<(f64, f64), Failure> {
    let began = Instant::now();
    let stack = StackProcess::start(program, folder, kept, &[]).await?;
    let request = "GET /communs/v1/projects";
    let url = format!("{}/communs/v1/projects/00000000-0000-0000-0000-000000000000", stack.api());
    // Any answer is one: without a key it is a refusal.
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .map_err(|source| Failure::Http { request: request.to_owned(), source })?
        .get(url)
        .send()
        .await
        .map_err(|source| Failure::Http { request: request.to_owned(), source })?;
    let elapsed = began.elapsed().as_secs_f64() * 1e3;
    let resident = stack.usage().resident_mib;
    stack.kill().await?;
    Ok((elapsed, resident))
}

fn line(name: &str, mut starts: Vec<(f64, f64)>) -> String {
    starts.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (median, resident) = starts[starts.len() / 2];
    let worst = starts.last().map_or(median, |start| start.0);
    format!("{name:<24} {median:>10.0} ms {worst:>8.0} ms  {resident:>13.0} Mio\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_start_is_shown_with_the_worst() {
        let text = line("en mémoire", vec![(90.0, 30.0), (50.0, 31.0), (70.0, 32.0)]);
        assert!(text.contains("70 ms") && text.contains("90 ms") && text.contains("32 Mio"), "{text}");
    }
}
