//! `bench webhooks`: the scenarios, and the figures to reach.

use serde::Serialize;

use crate::arguments::{Place, WebhooksOptions};
use crate::build;
use crate::failure::Failure;
use crate::figures::{Hops, Spread};
use crate::load::Workload;
use crate::process::Kept;
use crate::report::{self, Machine};
use crate::scenario::{Lengths, Measured, Plan};
use crate::sink::Manner;

const USUAL: Lengths = Lengths { seconds: 15, warm_up: 2 };
const QUICK: Lengths = Lengths { seconds: 3, warm_up: 1 };

/// Changes per second of the open loops.
const PACE: u32 = 100;

const SATURATION: Plan = Plan {
    name: "saturation-disk",
    title: "16 clients sans pause, données sur disque",
    kept: Kept::OnDisk,
    workload: Workload::Life,
    rate: None,
    first_receiver: Manner::Well,
    killed: false,
};

/// All scenarios, in order.
const PLANS: [Plan; 7] = [
    SATURATION,
    Plan {
        name: "saturation-memory",
        title: "16 clients sans pause, données en mémoire",
        kept: Kept::InMemory,
        ..SATURATION
    },
    Plan { name: "steady", title: "100 changements par seconde, sur disque", rate: Some(PACE), ..SATURATION },
    Plan {
        name: "one-hangs",
        title: "100 changements par seconde, tet ne répond qu'après 10 s",
        rate: Some(PACE),
        first_receiver: Manner::Hangs,
        ..SATURATION
    },
    Plan {
        name: "one-fails",
        title: "100 changements par seconde, tet répond 500",
        rate: Some(PACE),
        first_receiver: Manner::Fails,
        ..SATURATION
    },
    Plan { name: "killed", title: "16 clients sans pause, kill -9 puis redémarrage", killed: true, ..SATURATION },
    Plan {
        name: "creations",
        title: "50 créations par seconde, sur disque",
        workload: Workload::Creations,
        rate: Some(50),
        ..SATURATION
    },
];

/// A figure to reach, and whether it was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    /// What, in French.
    pub(crate) figure: &'static str,
    /// The bound, with its sense and unit.
    pub(crate) target: &'static str,
    /// What was measured.
    pub(crate) measured: f64,
    /// Whether that is within the bound.
    pub(crate) reached: bool,
}

/// All measurements of one call.
#[derive(Serialize)]
struct Everything<'a> {
    machine: &'a Machine,
    seconds: u32,
    warm_up_seconds: u32,
    scenarios: &'a [Measured],
    verdicts: Vec<Verdict>,
}

/// Runs the scenarios and prints what they showed.
pub(crate) async fn run(options: WebhooksOptions) -> Result<(), Failure> {
    let plans = chosen(&options.only)?;
    let lengths = lengths(&options)?;
    let Place { binary, folder } = options.place;
    let program = build::passerelle(binary).await?;
    let place = folder.map_or_else(build::folder, Ok)?;
    let machine = Machine::look(&program);
    crate::print(&report::machine(&machine))?;
    let mut measured = Vec::new();
    for plan in plans {
        let scenario = plan.run(&program, &place, lengths).await?;
        crate::print(&report::scenario(&scenario))?;
        measured.push(scenario);
    }
    let verdicts: Vec<Verdict> = measured.iter().flat_map(verdicts).collect();
    crate::print(&report::verdicts(&verdicts))?;
    let Some(file) = options.json else { return Ok(()) };
    let everything = Everything {
        machine: &machine,
        seconds: lengths.seconds,
        warm_up_seconds: lengths.warm_up,
        scenarios: &measured,
        verdicts,
    };
    report::written(&file, &everything)
}

fn chosen(only: &[String]) -> Result<Vec<Plan>, Failure> {
    let known: Vec<&str> = PLANS.iter().map(|plan| plan.name).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::Arguments(format!("scénario « {unknown} » inconnu : {}", known.join(", "))));
    }
    Ok(PLANS.into_iter().filter(|plan| only.is_empty() || only.iter().any(|name| name == plan.name)).collect())
}

fn lengths(options: &WebhooksOptions) -> Result<Lengths, Failure> {
    match options.duration {
        _ if options.quick => Ok(QUICK),
        None => Ok(USUAL),
        Some(seconds) if seconds > USUAL.warm_up => Ok(Lengths { seconds, ..USUAL }),
        Some(_) => Err(Failure::Arguments(format!("--duration : plus de {} secondes", USUAL.warm_up))),
    }
}

/// The figures a scenario has to reach.
fn verdicts(measured: &Measured) -> Vec<Verdict> {
    let comparison = &measured.comparison;
    let at_least =
        |figure, target, measured: f64, bound: f64| Verdict { figure, target, measured, reached: measured >= bound };
    let at_most =
        |figure, target, measured: f64, bound: f64| Verdict { figure, target, measured, reached: measured <= bound };
    // A latency is the worst of the receivers'; nothing received is not a success.
    let worst = |quantile: fn(&Spread) -> f64| {
        let of = |hops: &Hops| hops.from_answer.as_ref().map_or(f64::INFINITY, quantile);
        comparison.receivers.values().map(of).fold(f64::NEG_INFINITY, f64::max)
    };
    match measured.name {
        "saturation-disk" => {
            vec![at_least("acceptés par seconde, sur disque", "≥ 1200", comparison.accepted_per_second, 1_200.0)]
        }
        "saturation-memory" => {
            vec![at_least("acceptés par seconde, en mémoire", "≥ 2000", comparison.accepted_per_second, 2_000.0)]
        }
        "steady" => vec![
            at_least("rythme tenu à 100/s (acceptés par seconde)", "≥ 99", comparison.accepted_per_second, 99.0),
            at_most("accepté → reçu à 100/s, p50 (ms)", "≤ 2", worst(|spread| spread.p50_ms), 2.0),
            at_most("accepté → reçu à 100/s, p99 (ms)", "≤ 5", worst(|spread| spread.p99_ms), 5.0),
        ],
        "one-hangs" => vec![at_most(
            "les mêmes quand un récepteur se tait 10 s, p99 (ms)",
            "≤ 10",
            worst(|spread| spread.p99_ms),
            10.0,
        )],
        "killed" => vec![at_most("perdus après kill -9", "= 0", comparison.lost as f64, 0.0)],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::RECEIVERS;

    #[test]
    fn scenarios_are_chosen_by_name() {
        assert_eq!(chosen(&[]).unwrap().len(), PLANS.len());
        let some = chosen(&["killed".to_owned(), "steady".to_owned()]).unwrap();
        assert_eq!(some.iter().map(|plan| plan.name).collect::<Vec<_>>(), ["steady", "killed"]);
        assert!(chosen(&["vite".to_owned()]).unwrap_err().to_string().contains("saturation-disk"));
    }

    #[test]
    fn the_receiver_that_misbehaves_is_not_held_to_a_figure() {
        assert_eq!(RECEIVERS[0], "tet");
        assert!(PLANS.iter().filter(|plan| plan.first_receiver != Manner::Well).all(|plan| plan.title.contains("tet")));
    }
}
