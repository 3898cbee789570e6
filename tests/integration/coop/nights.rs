//! A night has one run: whether its schedule comes once, twice, late, never, or at the instant of a sweep.

use acceptance::api::{Api, Caller};
use acceptance::world::{Settings, World};
use domain::api_key::Scope;
use engines::Fault;
use futures_util::future::join_all;
use http::Method;

/// A world at an instant.
struct Nights {
    world: World,
    api: Api,
    caller: Caller,
}

impl Nights {
    async fn start(now: &str) -> Self {
        let now = now.parse().unwrap();
        let world = World::with(Settings { now, ..Settings::default() }).await;
        Self { api: world.coop(), caller: world.caller("coop", Scope::Sync).await, world }
    }

    fn at(&self, now: &str) {
        self.world.clock.move_to(now.parse().unwrap());
    }

    async fn schedule(&self) {
        self.world.stack.run_nightly().await.unwrap();
    }

    async fn sweep(&self) {
        self.world.stack.run_schedule("DataspaceSync").await.unwrap();
    }

    /// When each run was begun, the newest first.
    async fn runs(&self) -> Vec<String> {
        let list = self.api.send(&Method::GET, "/sync-runs", &self.caller, None).await;
        let runs = list.body["items"].as_array().unwrap().iter();
        runs.map(|run| run["startedAt"].as_str().unwrap().to_owned()).collect()
    }

    async fn check(&self, expected: &[&str]) {
        assert_eq!(self.runs().await, expected);
    }
}

#[tokio::test]
async fn a_night_that_its_schedule_missed_is_begun_by_the_sweep_once() {
    // Clocks go forward in the second night of March, and back in the second of October.
    let march = ["2026-03-28T03:00:00.000Z", "2026-03-29T02:00:00.000Z", "2026-03-30T02:00:00.000Z"];
    let october = ["2026-10-24T02:00:00.000Z", "2026-10-25T03:00:00.000Z", "2026-10-26T03:00:00.000Z"];
    for ([first, missed, last], just_before) in [(march, "2026-03-29T01:59:59Z"), (october, "2026-10-25T02:59:59Z")] {
        let coop = Nights::start(first).await;
        coop.schedule().await;
        coop.at(just_before);
        coop.sweep().await;
        coop.check(&[first]).await;
        coop.at(missed);
        coop.sweep().await;
        coop.sweep().await;
        // The schedule comes after all.
        coop.schedule().await;
        coop.check(&[missed, first]).await;
        coop.at(last);
        coop.schedule().await;
        coop.sweep().await;
        coop.check(&[last, missed, first]).await;
    }
}

#[tokio::test]
async fn where_there_never_was_a_night_none_is_missing() {
    let coop = Nights::start("2026-11-02T09:00:00Z").await;
    coop.sweep().await;
    coop.check(&[]).await;
    coop.schedule().await;
    coop.check(&["2026-11-02T09:00:00.000Z"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_and_sweeps_of_one_instant_begin_one_run() {
    let coop = Nights::start("2026-11-02T03:00:00Z").await;
    coop.schedule().await;
    coop.at("2026-11-03T03:00:00Z");
    tokio::join!(join_all((0..8).map(|_| coop.schedule())), join_all((0..8).map(|_| coop.sweep())));
    coop.check(&["2026-11-03T03:00:00.000Z", "2026-11-02T03:00:00.000Z"]).await;
}

#[tokio::test]
async fn a_run_begun_by_hand_takes_the_place_of_a_night_that_is_missing_and_of_no_other() {
    let coop = Nights::start("2026-11-02T03:00:00Z").await;
    coop.schedule().await;
    coop.at("2026-11-03T07:30:00Z");
    coop.world.stack.sync_all().await.unwrap();
    coop.sweep().await;
    coop.schedule().await;
    coop.check(&["2026-11-03T07:30:00.000Z", "2026-11-02T03:00:00.000Z"]).await;
    coop.world.stack.sync_all().await.unwrap();
    assert_eq!(coop.runs().await.len(), 3);
    coop.at("2026-11-04T03:00:00Z");
    coop.sweep().await;
    assert_eq!(coop.runs().await.len(), 4);
}

#[tokio::test]
async fn a_clock_that_runs_back_begins_nothing() {
    let coop = Nights::start("2026-11-02T03:00:00Z").await;
    coop.schedule().await;
    coop.at("2026-11-02T02:59:59Z");
    coop.sweep().await;
    coop.at("2026-10-20T12:00:00Z");
    coop.sweep().await;
    coop.check(&["2026-11-02T03:00:00.000Z"]).await;
}

#[tokio::test]
async fn a_run_whose_beginning_was_written_and_not_answered_is_the_nights() {
    let coop = Nights::start("2026-11-02T03:00:00Z").await;
    coop.schedule().await;
    coop.at("2026-11-03T03:00:00Z");
    coop.world.stack.engines().faults().inject("PutItem", Fault::LostAnswer, 4);
    // Whether this one learns of it or not.
    let _ = coop.world.stack.run_nightly().await;
    coop.world.stack.engines().faults().clear();
    coop.at("2026-11-03T03:02:00Z");
    coop.sweep().await;
    coop.schedule().await;
    coop.check(&["2026-11-03T03:00:00.000Z", "2026-11-02T03:00:00.000Z"]).await;
}
