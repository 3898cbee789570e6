//! What one of each thing uses.
//!
//! Units of DynamoDB, its calls, requests of SQS and bytes of logs are measured or follow from what is; how long a
//! function waits on AWS cannot be measured here: it is the number of its calls times a stated round trip.

use acceptance::api::Caller;
use acceptance::world::{Settings, World};
use engines::Metered;
use http::Method;
use passerelle_local::demo::data::droits as demonstration;
use passerelle_local::demo::data::droits::{PASSWORD, PEOPLE, directory};
use sam_template::{EMBEDDED, Template};
use serde_json::json;

use super::prices::monthly;
use crate::coop::following::{Coop, conseiller, structure};
use crate::costs::capacity_units::change as change_calls;

/// One round trip to DynamoDB, SQS or Secrets Manager within a region, in seconds: an assumption, on the safe side.
const ROUND_TRIP: f64 = 0.005;
/// What a receiver, Portail DF or the Dataspace takes to answer, in seconds: assumptions.
const RECEIVER: f64 = 0.1;
const PORTAIL_DF: f64 = 0.2;
const DATASPACE: f64 = 0.05;
/// Processor time of an invocation beside its waiting, in seconds, from `bench webhooks` (2.2 ms for all of a change) and
/// `bench nightly`, doubled because a quarter or half a gigabyte of memory has a fraction of a processor.
const PROCESSOR: f64 = 0.004;
/// A password, from `cargo bench -p bench --bench droits`, on the half processor of one gigabyte.
const PASSWORD_HASHED: f64 = 0.12;
/// A line of our logs, of the access log, or of metrics, in bytes, rounded up.
const LOG_LINE: f64 = 350.0;
const METRICS_LINE: f64 = 500.0;
const MINUTES_OF_A_MONTH: f64 = 43_800.0;
/// Users of the night that is measured.
const USERS: usize = 20;

/// What one of something uses.
#[derive(Debug, Default)]
pub struct Usage {
    pub write: f64,
    pub read: f64,
    pub sqs: f64,
    pub api: f64,
    pub invocations: f64,
    pub gb_seconds: f64,
    pub log_bytes: f64,
    /// Dollars a month.
    pub fixed: f64,
}

impl Usage {
    /// The units of DynamoDB of these calls.
    fn of(calls: &[Metered]) -> Self {
        let write = calls.iter().map(|call| call.write + call.index_write).sum();
        Self { write, read: calls.iter().map(|call| call.read).sum(), ..Self::default() }
    }

    /// One more invocation of a function with so much memory, that takes so long.
    fn invoked(mut self, gigabytes: f64, seconds: f64) -> Self {
        self.invocations += 1.0;
        self.gb_seconds += gigabytes * (seconds + PROCESSOR);
        self.log_bytes += METRICS_LINE;
        self
    }

    fn shared_by(self, many: f64) -> Self {
        Self {
            write: self.write / many,
            read: self.read / many,
            sqs: self.sqs / many,
            api: self.api / many,
            invocations: self.invocations / many,
            gb_seconds: self.gb_seconds / many,
            log_bytes: self.log_bytes / many,
            fixed: self.fixed / many,
        }
    }
}

fn trips(calls: &[Metered]) -> f64 {
    calls.len() as f64 * ROUND_TRIP
}

/// The update of a project, told to three receivers. Its three messages travel in one batch; nothing shares it.
pub async fn change() -> Usage {
    let (update, fan_out) = change_calls().await;
    let calls: Vec<Metered> = update.iter().chain(&fan_out).cloned().collect();
    let used = Usage::of(&calls).invoked(0.5, trips(&update) + ROUND_TRIP).invoked(0.25, trips(&fan_out) + RECEIVER);
    // Sent, received, deleted. Logged: access, accepted, answered, three attempts.
    Usage { api: 1.0, sqs: 3.0, log_bytes: used.log_bytes + 6.0 * LOG_LINE, ..used }
}

/// A user of a nightly run about whom nothing has changed.
pub async fn night() -> Usage {
    let coop = Coop::start(&conseiller(&[structure("20000137800013", &["2024-01-01"])], &[])).await;
    coop.register(USERS).await;
    let stack = &coop.world.stack;
    stack.run_nightly().await.unwrap();
    stack.drain().await.unwrap();
    coop.wait(24 * 60);
    stack.engines().meter().start();
    stack.run_nightly().await.unwrap();
    stack.drain().await.unwrap();
    let calls = stack.engines().meter().stop();
    let users = USERS as f64;
    let used = Usage::of(&calls).shared_by(users);
    // Five users an invocation, one after the other: batches sent by ten, received and deleted by five.
    let invocation = Usage::default().invoked(0.25, 5.0 * (trips(&calls) / users + DATASPACE)).shared_by(5.0);
    Usage { sqs: 0.1 + 0.2 + 0.2, write: used.write, read: used.read, ..invocation }
}

/// A sign-in that Portail DF confirms.
pub async fn sign_in() -> Usage {
    let world = World::with(Settings { directory: directory(), ..Settings::default() }).await;
    demonstration::load(&world.stack).await.unwrap();
    let (api, stack) = (world.droits(), &world.stack);
    let body = json!({"email": PEOPLE[0].email, "password": PASSWORD});
    let sign_in = async || {
        stack.engines().meter().start();
        let signed_in = api.send(&Method::POST, "/authenticate", &Caller::default(), Some(&body)).await.body;
        assert_eq!(signed_in["rightsChecked"], true, "{signed_in}");
        (stack.engines().meter().stop(), world.portail_df.take_requests() as f64)
    };
    // The first asks for a token of Portail DF, which is kept.
    sign_in().await;
    let (calls, asked) = sign_in().await;
    let used = Usage::of(&calls).invoked(1.0, trips(&calls) + PASSWORD_HASHED + asked * PORTAIL_DF);
    // Logged: access, audit, answered.
    Usage { api: 1.0, log_bytes: used.log_bytes + 3.0 * LOG_LINE, ..used }
}

/// A month in which nobody calls: three sweeps a minute, five queues that are asked, what is paid by the month.
pub async fn idle() -> Usage {
    let world = World::start().await;
    let stack = &world.stack;
    let template = Template::parse(EMBEDDED).unwrap();
    let mut used = Usage::default();
    for function in template.functions.iter().filter(|function| !function.schedules.is_empty()) {
        stack.engines().meter().start();
        stack.run_schedule(&function.name).await.unwrap();
        let calls = stack.engines().meter().stop();
        let memory = if function.name == "RightsChecker" { 1.0 } else { 0.25 };
        let sweep = Usage::of(&calls).invoked(memory, trips(&calls));
        used.write += sweep.write;
        used.read += sweep.read;
        used.invocations += sweep.invocations;
        used.gb_seconds += sweep.gb_seconds;
        used.log_bytes += sweep.log_bytes + LOG_LINE;
    }
    // Lambda asks each queue by five at once, each waiting twenty seconds.
    let queues = template.functions.iter().map(|function| function.sources.len()).sum::<usize>() as f64;
    used.sqs = queues * 5.0 * 3.0;
    let alarms = std::fs::read_to_string(acceptance::workspace::root().join("infra/alarms.yaml")).unwrap();
    let watched = alarms.matches("MetricName: ").count() as f64;
    let fixed = monthly::SECRETS + monthly::METRICS + watched * monthly::ALARM_METRIC;
    Usage { fixed, ..used.shared_by(1.0 / MINUTES_OF_A_MONTH) }
}
