//! `bench crash`: the stack is killed with SIGKILL at each step of a change's way, again and again, under load, on one
//! data folder; receivers and their books live on. At the end the books are compared with what the clients were told
//! and with what the API holds.

mod verdict;

use std::time::{Duration, Instant};

use serde::Serialize;

use self::verdict::Verdict;
use crate::arguments::{CrashOptions, Place};
use crate::book::LoadBook;
use crate::build;
use crate::failure::Failure;
use crate::load::Workload;
use crate::process::Kept;
use crate::scenario::RECEIVERS;
use crate::scenario::setting::Setting;
use crate::sink::Manner;

/// Clients of a round, each with one request at a time.
const CLIENTS: usize = 16;
/// How long the clients of a round work, in seconds; the crash comes while they do.
const LOAD_SECONDS: u32 = 1;
/// How long the last start may take to deliver everything: a webhook in flight at a crash shows again at the next start,
/// an event that was not sent is swept ten seconds later, by a sweep every minute.
const RECOVERY: Duration = Duration::from_secs(300);
/// The pause between two comparisons.
const LOOK: Duration = Duration::from_secs(1);

/// Where the stack is killed: the engine call at which it happens. Calls are let through before, as many as chance
/// says, so that the crash meets other requests at every other step.
#[derive(Debug, Clone, Copy)]
struct Step {
    name: &'static str,
    /// The operation and the kind of fault; none: from outside, at an instant chosen by chance.
    at: Option<(&'static str, &'static str)>,
    /// How many such calls a second of load makes, at least: the crash is chosen among them.
    among: u64,
}

const STEPS: [Step; 6] = [
    Step { name: "après l'écriture, avant sa réponse", at: Some(("TransactWriteItems", "kill-after")), among: 20 },
    Step { name: "après l'écriture, avant l'envoi", at: Some(("SendMessageBatch", "kill")), among: 20 },
    Step { name: "après l'envoi, avant la marque", at: Some(("UpdateItem", "kill")), among: 20 },
    Step { name: "après la réponse du récepteur, avant sa trace", at: Some(("PutItem", "kill")), among: 60 },
    Step {
        name: "après la trace, avant l'effacement du message", at: Some(("DeleteMessageBatch", "kill")), among: 30
    },
    Step { name: "à un instant quelconque", at: None, among: 0 },
];

/// What was done and found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    seed: u64,
    crashes: Vec<Crashes>,
    /// The slowest restart, until the stack was ready, in seconds.
    slowest_restart_seconds: f64,
    /// From the last start until everything had arrived, in seconds.
    recovered_after_seconds: f64,
    #[serde(flatten)]
    verdict: Verdict,
}

/// Crashes at one step.
#[derive(Serialize)]
struct Crashes {
    step: &'static str,
    count: u32,
}

/// Runs the rounds and prints what they showed.
///
/// # Errors
/// Also when anything was lost.
pub(crate) async fn run(options: CrashOptions) -> Result<(), Failure> {
    let Place { binary, folder } = options.place;
    let program = build::passerelle(binary).await?;
    let place = folder.map_or_else(build::folder, Ok)?;
    let mut setting = Setting::set(&program, &place, Kept::OnDisk).await?;
    for receiver in RECEIVERS {
        setting.subscribe(receiver, Manner::Well).await?;
    }
    let mut chance = Chance(options.seed);
    let mut load = LoadBook::default();
    let mut counts = [0_u32; STEPS.len()];
    let mut slowest = Duration::ZERO;
    for (round, place) in (1..=options.rounds).zip((0..STEPS.len()).cycle()) {
        let step = STEPS[place];
        setting.kill_stack().await?;
        let started = Instant::now();
        // What the last crash left to do may reach the step before anybody can be told that the stack is ready.
        match setting.start_stack(&faults(step, &mut chance)).await {
            Ok(()) => {
                slowest = slowest.max(started.elapsed());
                counts[place] += u32::from(crash(&mut setting, step, &mut chance, &mut load).await?);
            }
            Err(_) if step.at.is_some() => counts[place] += 1,
            Err(failure) => return Err(failure),
        }
        if round.is_multiple_of(20) {
            crate::print(&format!(
                "{round} arrêts sur {}, {} changements acceptés\n",
                options.rounds,
                load.accepted.len()
            ))?;
        }
    }
    setting.kill_stack().await?;
    setting.restart_stack().await?;
    let waiting = Instant::now();
    let verdict = settled(&setting, &load).await?;
    let outcome = Outcome {
        seed: options.seed,
        crashes: STEPS.iter().zip(counts).map(|(step, count)| Crashes { step: step.name, count }).collect(),
        slowest_restart_seconds: slowest.as_secs_f64(),
        recovered_after_seconds: waiting.elapsed().as_secs_f64(),
        verdict,
    };
    setting.strike().await?;
    crate::print(&outcome.table())?;
    if let Some(file) = options.json {
        crate::report::written(&file, &outcome)?;
    }
    outcome.verdict.judge()
}

/// One round: load, a crash in the middle of it, and what the clients were told.
async fn crash(setting: &mut Setting, step: Step, chance: &mut Chance, load: &mut LoadBook) -> Result<bool, Failure> {
    let mut clients = setting.order(Workload::Life, CLIENTS, None, LOAD_SECONDS).await?;
    let killed = if step.at.is_some() {
        // A machine too slow to reach the call in time is killed from outside, and not counted under that step.
        setting.stack_ended(Duration::from_secs(u64::from(LOAD_SECONDS) + 1)).await
    } else {
        tokio::time::sleep(Duration::from_millis(50 + chance.below(800))).await;
        true
    };
    setting.kill_stack().await?;
    let line = clients.line().await?;
    let book: LoadBook = serde_json::from_str(&line)
        .map_err(|error| Failure::process("bench load", format!("livre illisible : {error}")))?;
    load.accepted.extend(book.accepted);
    Ok(killed)
}

fn faults(step: Step, chance: &mut Chance) -> Vec<String> {
    let Some((operation, kind)) = step.at else { return Vec::new() };
    vec![format!("{operation}:pass:{}", chance.below(step.among)), format!("{operation}:{kind}:1")]
}

/// Waits until everything accepted has arrived, or time is up.
async fn settled(setting: &Setting, load: &LoadBook) -> Result<Verdict, Failure> {
    let until = Instant::now() + RECOVERY;
    loop {
        let sink = setting.book().await?;
        if verdict::missing(load, &sink) == 0 || Instant::now() >= until {
            return Verdict::of(load, &sink, setting).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

impl Outcome {
    fn table(&self) -> String {
        let mut lines = vec![format!("\nArrêts brutaux (SIGKILL), graine {} :", self.seed)];
        lines.extend(self.crashes.iter().map(|crashes| format!("  {:<48} {:>5}", crashes.step, crashes.count)));
        let verdict = &self.verdict;
        for (what, value) in [
            ("changements acceptés", verdict.accepted),
            ("écrits sans que le client ait eu la réponse", verdict.unacknowledged),
            ("webhooks reçus et vérifiés", verdict.received),
            ("en double, sous le même webhook-id", verdict.duplicates),
            ("PERDUS : acceptés, jamais arrivés", verdict.lost),
            ("PERDUS : acceptés, absents de l'API", verdict.absent),
            ("FAUX : reçus, absents de l'API", verdict.unknown),
            ("FAUX : même version sous deux webhook-id", verdict.renamed),
            ("FAUX : signature ou corps", verdict.invalid),
        ] {
            lines.push(format!("  {what:<48} {value:>5}"));
        }
        lines.push(format!("  {:<48} {:>5.1} s", "redémarrage le plus lent", self.slowest_restart_seconds));
        lines
            .push(format!("  {:<48} {:>5.1} s", "tout livré après le dernier démarrage", self.recovered_after_seconds));
        lines.join("\n") + "\n"
    }
}

/// A small generator of its own (splitmix64): the same seed gives the same crashes wherever it runs.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
