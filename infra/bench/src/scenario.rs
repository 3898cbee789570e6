//! One scenario: a stack, a sink and clients of its own, in a folder of its own, from start to comparison.

pub(crate) mod setting;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use self::setting::Setting;
use crate::book::{self, LoadBook, SinkBook};
use crate::failure::Failure;
use crate::figures::{self, Comparison, Window};
use crate::load::Workload;
use crate::process::{Kept, Usage, machine_cpu_seconds};
use crate::sink::Manner;

/// Who writes.
pub(crate) const WRITER: &str = "mec";
/// Who is told, one webhook each.
pub(crate) const RECEIVERS: [&str; 3] = ["tet", "recoco", "aides-territoires"];

/// How long everything accepted may take to arrive once the clients have ended.
const DRAIN: Duration = Duration::from_secs(60);
/// The same after a crash: what was in flight in a queue shows again only after its visibility timeout.
const RECOVERY: Duration = Duration::from_secs(300);
/// The pause between two looks at the sink.
const LOOK: Duration = Duration::from_millis(100);
/// The pause between two whole comparisons of the books.
const COMPARE: Duration = Duration::from_secs(2);

/// What a scenario does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Its name on the command line and in the JSON.
    pub(crate) name: &'static str,
    /// Its title, in French.
    pub(crate) title: &'static str,
    /// Where the stack keeps its data.
    pub(crate) kept: Kept,
    /// What is written.
    pub(crate) workload: Workload,
    /// Changes per second; none for 16 clients without a pause.
    pub(crate) rate: Option<u32>,
    /// How the first receiver answers; the others answer well.
    pub(crate) first_receiver: Manner,
    /// Whether the stack is killed under load and started again.
    pub(crate) killed: bool,
}

/// How long a scenario lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lengths {
    /// Of the load, in seconds, warm-up included.
    pub(crate) seconds: u32,
    /// Of the warm-up, which does not count.
    pub(crate) warm_up: u32,
}

/// What a scenario showed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Measured {
    /// The plan's name.
    pub(crate) name: &'static str,
    /// The plan's title.
    pub(crate) title: &'static str,
    /// What the books say.
    #[serde(flatten)]
    pub(crate) comparison: Comparison,
    /// Requests that were not accepted, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Webhooks whose signature or body was wrong.
    pub(crate) invalid: u64,
    /// From the end of the load, or the restart after a crash, until everything had arrived.
    pub(crate) drained_after_seconds: f64,
    /// What the stack used from the load's beginning to its end (or to the crash).
    pub(crate) stack: Usage,
    /// Processor time of the sink.
    pub(crate) sink_cpu_seconds: f64,
    /// Processor time of the clients.
    pub(crate) load_cpu_seconds: f64,
    /// Processors kept busy meanwhile by anything else on the machine, this program included.
    pub(crate) others_busy: f64,
}

impl Plan {
    /// The receivers that answer well.
    fn healthy(&self) -> &'static [&'static str] {
        match self.first_receiver {
            Manner::Well => &RECEIVERS,
            Manner::Hangs | Manner::Fails => &RECEIVERS[1..],
        }
    }

    /// How many clients: 16 in a closed loop; in an open one enough that one is always free.
    fn clients(&self) -> usize {
        if self.rate.is_some() { 64 } else { 16 }
    }

    /// Carries the scenario out with the stack `program`, in a folder inside `place`.
    pub(crate) async fn run(&self, program: &Path, place: &Path, lengths: Lengths) -> Result<Measured, Failure> {
        let mut setting = Setting::set(program, place, self.kept).await?;
        for (number, receiver) in RECEIVERS.into_iter().enumerate() {
            setting.subscribe(receiver, if number == 0 { self.first_receiver } else { Manner::Well }).await?;
        }
        let before = Snapshot::of(&setting);
        let mut clients = setting.order(self.workload, self.clients(), self.rate, lengths.seconds).await?;
        let (load, used) = if self.killed {
            tokio::time::sleep(Duration::from_secs(lengths.seconds.into()).mul_f64(0.75)).await;
            let used = before.since(&setting);
            setting.kill_stack().await?;
            let load = clients.line().await?;
            setting.restart_stack().await?;
            (load, used)
        } else {
            let load = clients.line().await?;
            (load, before.since(&setting))
        };
        let load: LoadBook = serde_json::from_str(&load)
            .map_err(|error| Failure::process("bench load", format!("livre illisible : {error}")))?;
        let window = self.window(&load, lengths);
        let waiting = Instant::now();
        let (sink, comparison) = self.settled(&setting, &load, window).await?;
        let drained_after_seconds = waiting.elapsed().as_secs_f64();
        setting.strike().await?;
        let ours = used.stack.cpu_seconds + used.sink_cpu_seconds + load.cpu_seconds;
        Ok(Measured {
            name: self.name,
            title: self.title,
            comparison,
            refused: load.refused,
            invalid: sink.invalid,
            drained_after_seconds,
            stack: used.stack,
            sink_cpu_seconds: used.sink_cpu_seconds,
            load_cpu_seconds: load.cpu_seconds,
            others_busy: ((used.machine_cpu_seconds - ours) / used.seconds).max(0.0),
        })
    }

    /// The stretch of the load that counts: without its warm-up, up to the crash if there is one.
    fn window(&self, load: &LoadBook, lengths: Lengths) -> Window {
        let second = 1_000_000_000;
        let last = load.accepted.iter().map(|accepted| accepted.answered).max().unwrap_or(load.began) + 1;
        let end = load.began + u64::from(lengths.seconds) * second;
        Window {
            from: load.began + u64::from(lengths.warm_up) * second,
            until: if self.killed { last.min(end) } else { end },
        }
    }

    /// Waits until everything accepted has arrived, or time is up.
    async fn settled(
        &self,
        setting: &Setting,
        load: &LoadBook,
        window: Window,
    ) -> Result<(SinkBook, Comparison), Failure> {
        let until = Instant::now() + if self.killed { RECOVERY } else { DRAIN };
        let wanted = load.accepted.len() * self.healthy().len();
        while setting.count().await?.distinct < wanted && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        loop {
            let sink = setting.book().await?;
            let comparison = figures::compare(load, &sink, self.healthy(), window);
            if comparison.lost == 0 || Instant::now() >= until {
                return Ok((sink, comparison));
            }
            tokio::time::sleep(COMPARE).await;
        }
    }
}

/// What had been used at some instant.
struct Snapshot {
    at: book::Instant,
    stack: Usage,
    sink: Usage,
    machine_cpu_seconds: f64,
}

/// What was used between two instants.
struct Used {
    seconds: f64,
    stack: Usage,
    sink_cpu_seconds: f64,
    machine_cpu_seconds: f64,
}

impl Snapshot {
    fn of(setting: &Setting) -> Self {
        let (stack, sink) = setting.usage();
        Self { at: book::now(), stack, sink, machine_cpu_seconds: machine_cpu_seconds() }
    }

    fn since(&self, setting: &Setting) -> Used {
        let now = Self::of(setting);
        Used {
            seconds: ((now.at - self.at) as f64 / 1e9).max(0.001),
            stack: Usage { cpu_seconds: now.stack.cpu_seconds - self.stack.cpu_seconds, ..now.stack },
            sink_cpu_seconds: now.sink.cpu_seconds - self.sink.cpu_seconds,
            machine_cpu_seconds: now.machine_cpu_seconds - self.machine_cpu_seconds,
        }
    }
}
