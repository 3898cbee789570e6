//! What is printed, in French.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use crate::failure::Failure;
use crate::figures::Spread;
use crate::scenario::Measured;
use crate::webhooks::Verdict;

/// What was measured on: figures mean nothing without it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Machine {
    /// Model of the processor, if the system tells.
    processor: String,
    /// How many of them this process may use.
    processors: usize,
    /// Load average of the last minute, before the first scenario: above zero, others are at work.
    load_average: f64,
    /// The program.
    program: String,
    /// Age of the program, in minutes.
    program_age_minutes: u64,
}

impl Machine {
    /// Looks at this machine and at `program`.
    pub(crate) fn look(program: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()))
            .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        let built = fs::metadata(program).and_then(|metadata| metadata.modified()).ok();
        let age = built.and_then(|built| SystemTime::now().duration_since(built).ok()).unwrap_or_default();
        Self {
            processor,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            load_average: read("/proc/loadavg").split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0),
            program: program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned(),
            program_age_minutes: age.as_secs() / 60,
        }
    }
}

/// Writes what was measured to `file`, as JSON.
pub(crate) fn written<T: Serialize>(file: &Path, measured: &T) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("écriture de {}", file.display()), error);
    let text = serde_json::to_string_pretty(measured).map_err(|error| failed(error.into()))?;
    fs::write(file, text + "\n").map_err(failed)
}

/// The first lines.
pub(crate) fn machine(machine: &Machine) -> String {
    let Machine { processor, processors, load_average, program, program_age_minutes } = machine;
    format!(
        "{processors} × {processor}, charge {load_average:.2} avant de commencer\n\
         {program}, construit il y a {program_age_minutes} min ; pile, récepteurs et clients se partagent la machine\n"
    )
}

/// One scenario.
pub(crate) fn scenario(measured: &Measured) -> String {
    let Measured { name, title, comparison, stack, .. } = measured;
    let mut text = format!("\n{name} : {title}\n");
    let mut line = |label: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label:<40} {value}");
    };
    let per_second = comparison.accepted_per_second;
    line("changements acceptés", format!("{per_second:.0}/s ({} en tout)", comparison.accepted));
    line("webhooks livrés, même fenêtre", format!("{:.0}/s", comparison.delivered_per_second));
    line("réponse à POST /projects", spread(comparison.create.as_ref()));
    line("réponse à PATCH /projects/{id}", spread(comparison.patch.as_ref()));
    for (receiver, hops) in &comparison.receivers {
        line(&format!("accepté → reçu, {receiver}"), spread(hops.from_answer.as_ref()));
        line(&format!("demandé → reçu, {receiver}"), spread(hops.from_request.as_ref()));
    }
    line("perdus, en double, sans réponse", {
        format!("{}, {}, {}", comparison.lost, comparison.duplicates, comparison.unacknowledged)
    });
    line("tout livré après", format!("{:.1} s", measured.drained_after_seconds));
    if measured.invalid > 0 {
        line("signatures ou corps invalides", measured.invalid.to_string());
    }
    for (reason, count) in &measured.refused {
        line(&format!("requêtes non acceptées ({reason})"), count.to_string());
    }
    let each = stack.cpu_seconds * 1e3 / comparison.accepted.max(1) as f64;
    line("processeur de la pile", format!("{:.1} s, {each:.2} ms par changement", stack.cpu_seconds));
    line(
        "processeur des récepteurs, clients",
        format!("{:.1} s, {:.1} s", measured.sink_cpu_seconds, measured.load_cpu_seconds),
    );
    line("occupé par d'autres pendant la mesure", format!("{:.2} processeur", measured.others_busy));
    line("mémoire de la pile, au plus", format!("{:.0} Mio", stack.peak_mib));
    text
}

/// The figures to reach.
pub(crate) fn verdicts(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    if !verdicts.is_empty() {
        text.push_str("\nChiffres à atteindre\n");
    }
    for Verdict { figure, target, measured, reached } in verdicts {
        let verdict = if *reached { "atteint" } else { "pas atteint" };
        let _ = writeln!(text, "  {figure:<54} {target:>7}  {measured:>10.1}  {verdict}");
    }
    text
}

fn spread(spread: Option<&Spread>) -> String {
    match spread {
        Some(Spread { p50_ms, p99_ms, max_ms, .. }) => {
            format!("p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms, max {max_ms:.1} ms")
        }
        None => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_one_line() {
        let verdict = Verdict { figure: "perdus après kill -9", target: "= 0", measured: 0.0, reached: true };
        let text = verdicts(&[verdict]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.ends_with("atteint\n") && !text.contains("pas atteint"), "{text}");
        assert_eq!(verdicts(&[]), "");
    }

    #[test]
    fn a_spread_of_nothing_is_a_dash() {
        assert_eq!(spread(None), "-");
        let some = Spread { count: 1, p50_ms: 1.04, p99_ms: -0.26, max_ms: 3.0 };
        assert_eq!(spread(Some(&some)), "p50 1.0 ms, p99 -0.3 ms, max 3.0 ms");
    }
}
