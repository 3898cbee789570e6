//! Fair shares, through the whole API: 429, its headers, and containers that hear of each other.

use acceptance::api::{Answer, Api, Caller};
use acceptance::moving_clock::MovingClock;
use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Scope;
use engines::Storage;
use http::Method;
use passerelle_local::stack::{Stack, StackOptions};
use projects_api::{App, Config, router};

struct World {
    stack: Stack,
    clock: MovingClock,
    mec: Caller,
}

impl World {
    /// An API that gives each key four requests at once, and one a second.
    async fn start() -> Self {
        let start: DateTime<Utc> = "2026-11-02T09:00:10Z".parse().unwrap();
        let clock = MovingClock::at(start);
        let options = StackOptions::new(Storage::Memory, clock.clock()).with("KEY_RATE", "1").with("KEY_BURST", "4");
        let stack = Stack::start(options).await.unwrap();
        let mec = Caller::key(&stack.issue_key("mec", Scope::Sync).await.unwrap());
        Self { stack, clock, mec }
    }

    /// One more container of the function.
    async fn container(&self) -> Api {
        let variables = self.stack.variables("ProjectsApi");
        let config = Config::read(|name| variables.get(name).cloned()).unwrap();
        Api::new(router(App::start(&self.stack.engines().sdk_config(), config, self.clock.clock()).await.unwrap()))
    }

    fn wait(&self, seconds: i64) {
        self.clock.move_to(self.clock.now() + TimeDelta::seconds(seconds));
    }

    async fn ask(&self, api: &Api) -> Answer {
        api.send(&Method::GET, "/statuts", &self.mec, None).await
    }
}

#[tokio::test]
async fn beyond_its_share_a_key_is_asked_to_come_back() {
    let world = World::start().await;
    let api = world.container().await;
    for left in ["3", "2", "1", "0"] {
        let answer = world.ask(&api).await;
        assert_eq!((answer.status.as_u16(), answer.headers["ratelimit-remaining"].to_str().unwrap()), (200, left));
    }
    let refused = world.ask(&api).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body["type"], "/problems/too-many-requests");
    assert_eq!(refused.body["instance"].as_str(), refused.headers["x-request-id"].to_str().ok());
    for name in ["retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy"] {
        assert_eq!(refused.headers.get_all(name).iter().count(), 1, "{name}");
    }
    assert_eq!(refused.headers["retry-after"], "1");
    world.wait(1);
    assert_eq!(world.ask(&api).await.status, 200);
}

#[tokio::test]
async fn containers_hear_of_each_other() {
    let world = World::start().await;
    let (one, other) = (world.container().await, world.container().await);
    // Both have told once, so that each knows what was told before.
    for _ in 0..2 {
        for api in [&one, &other] {
            assert_eq!(world.ask(api).await.status, 200);
        }
        world.wait(10);
    }
    for _ in 0..2 {
        assert_eq!(world.ask(&one).await.status, 200);
    }
    world.wait(10);
    assert_eq!(world.ask(&one).await.status, 200, "it tells what it took");
    assert_eq!(world.ask(&other).await.status, 200, "it hears of it only now");
    assert_eq!(world.ask(&other).await.status, 429, "the others have taken three of its four");
}
