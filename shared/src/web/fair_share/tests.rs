use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use aws_sdk_dynamodb::{Client, Config};
use axum::body::Body;
use axum::routing::get;
use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tower::ServiceExt as _;

use super::*;

const RATES: Rates = Rates { key: Rate { per_second: 1, burst: 3 }, address: Rate { per_second: 1, burst: 2 } };

/// An API that knows the keys that begin with `mec_`, and of one route more, which asks for none; at a clock that stands still until it is moved.
struct World {
    shares: FairShares,
    router: Router,
    millis: Arc<AtomicI64>,
    /// Requests that came through.
    handled: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        let millis = Arc::new(AtomicI64::new(1_700_000_000_000));
        let at = Arc::clone(&millis);
        let clock = Clock::from_fn(move || DateTime::from_timestamp_millis(at.load(Ordering::Relaxed)).unwrap());
        let client = Client::from_conf(Config::builder().behavior_version_latest().build());
        let shares = FairShares::new(RATES, &Table::new(client, "T".to_owned()), clock);
        let handled = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&handled);
        let handler = move |request: Request| async move {
            counted.fetch_add(1, Ordering::Relaxed);
            match token(request.headers()) {
                Ok(key) if !key.starts_with("mec_") => return Problem::new(Code::Unauthenticated).into_response(),
                Ok(_) => recognise(request.extensions()),
                Err(_) => {}
            }
            StatusCode::OK.into_response()
        };
        let routes = Router::new().route("/", get(handler)).route("/open", get(|| async { StatusCode::OK }));
        let router = bounded(routes, shares.clone());
        Self { shares, router, millis, handled }
    }

    async fn ask(&self, key: Option<&str>, address: Option<&str>) -> Response {
        self.ask_for("/", key, address).await
    }

    async fn ask_for(&self, path: &str, key: Option<&str>, address: Option<&str>) -> Response {
        let mut request = Request::builder().uri(path);
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let mut request = request.body(Body::empty()).unwrap();
        if let Some(address) = address {
            let context = serde_json::json!({"http": {"sourceIp": address, "method": "GET"}, "timeEpoch": 0});
            let context = serde_json::from_value(context).unwrap();
            request.extensions_mut().insert(RequestContext::ApiGatewayV2(context));
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn statuses(&self, times: usize, key: Option<&str>, address: Option<&str>) -> Vec<u16> {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(self.ask(key, address).await.status().as_u16());
        }
        statuses
    }

    fn wait(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// Counts the keys refused.
#[derive(Clone, Default)]
struct Refusals(Arc<AtomicU64>);

impl Recorder for Refusals {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == Count::KeysRefused.name() { Counter::from_arc(Arc::clone(&self.0)) } else { Counter::noop() }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_key_has_its_burst_and_then_its_rate() {
    let world = World::new();
    assert_eq!(world.statuses(4, Some("mec_a"), None).await, [200, 200, 200, 429]);
    assert_eq!(world.statuses(1, Some("mec_b"), None).await, [200], "another key has a share of its own");
    world.wait(1_000);
    assert_eq!(world.statuses(2, Some("mec_a"), None).await, [200, 429]);
    assert_eq!(world.handled.load(Ordering::Relaxed), 5, "what is refused reaches no handler");
}

#[tokio::test]
async fn every_answer_tells_what_is_left() {
    let world = World::new();
    let first = world.ask(Some("mec_a"), None).await;
    let told = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy", RETRY_AFTER.as_str()];
    let of = |response: &Response| told.map(|name| header(response, name).map(str::to_owned));
    assert_eq!(of(&first), [Some("3"), Some("2"), Some("1"), Some("3;w=3"), None].map(|text| text.map(str::to_owned)));
    world.statuses(2, Some("mec_a"), None).await;
    let refused = world.ask(Some("mec_a"), None).await;
    let expected = [Some("3"), Some("0"), Some("1"), Some("3;w=3"), Some("1")];
    assert_eq!(of(&refused), expected.map(|text| text.map(str::to_owned)));
}

#[tokio::test]
async fn keys_that_are_none_are_counted_with_their_address() {
    let world = World::new();
    assert_eq!(world.statuses(1, Some("x_1"), Some("192.0.2.1")).await, [401]);
    assert_eq!(world.statuses(1, Some("x_2"), Some("192.0.2.1")).await, [401]);
    assert_eq!(world.statuses(2, Some("x_3"), Some("192.0.2.1")).await, [429, 429]);
    assert_eq!(world.statuses(1, None, Some("192.0.2.1")).await, [429]);
    assert_eq!(world.statuses(1, Some("x_3"), Some("192.0.2.2")).await, [401], "another address");
    assert_eq!(world.handled.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn what_nobody_looks_at_gives_no_share_of_its_own() {
    let world = World::new();
    let open = async |key| world.ask_for("/open", Some(key), Some("192.0.2.1")).await.status().as_u16();
    assert_eq!([open("x_1").await, open("a.b.c").await, open("mec_a").await], [200, 200, 429]);
    assert_eq!(world.statuses(4, Some("mec_a"), Some("192.0.2.2")).await, [200, 200, 200, 429]);
    assert_eq!(open("mec_a").await, 429, "nor takes away the share of one that is known");
}

#[tokio::test]
async fn only_what_is_refused_counts_as_a_key_refused() {
    let counted = Refusals::default();
    let _guard = metrics::set_default_local_recorder(&counted);
    let world = World::new();
    for (path, key) in [("/open", "a.b.c"), ("/open", "x_1"), ("/", "mec_a")] {
        assert_eq!(world.ask_for(path, Some(key), None).await.status(), StatusCode::OK);
    }
    assert_eq!(world.ask(None, None).await.status(), StatusCode::OK);
    assert_eq!(counted.0.load(Ordering::Relaxed), 0, "a person's token on an anonymous route is no key refused");
    assert_eq!(world.statuses(1, Some("x_1"), None).await, [401]);
    assert_eq!(counted.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_key_known_here_passes_whatever_its_address_did() {
    let world = World::new();
    assert_eq!(world.statuses(1, Some("mec_a"), Some("192.0.2.1")).await, [200]);
    assert_eq!(world.statuses(3, None, Some("192.0.2.1")).await, [200, 200, 429]);
    assert_eq!(world.statuses(1, Some("mec_a"), Some("192.0.2.1")).await, [200]);
}

#[tokio::test]
async fn what_was_taken_elsewhere_is_heard_of() {
    let world = World::new();
    let caller = Caller::of_token("mec_a");
    world.statuses(1, Some("mec_a"), None).await;
    world.shares.hear(&caller, 7, 1, 1_000);
    assert_eq!(world.shares.look(&caller).remaining, 1, "what was there before it looked is nobody's concern");
    world.shares.hear(&caller, 7, 2, 1_004);
    assert!(!world.shares.look(&caller).granted, "two more were taken elsewhere");
    world.wait(60_000);
    world.shares.hear(&caller, 8, 0, 2);
    assert_eq!(world.shares.look(&caller).remaining, 0, "in the next minute all are new");
}

#[tokio::test]
async fn only_keys_are_told_of_and_only_after_a_while() {
    let world = World::new();
    let key = Caller::of_token("mec_a");
    world.statuses(2, Some("mec_a"), None).await;
    assert!(world.shares.due(&key).is_none());
    world.wait(10_000);
    assert_eq!(world.shares.due(&key).map(|telling| telling.untold), Some(2));
    assert!(world.shares.due(&key).is_none(), "nothing is told twice");
    for caller in [Caller::of_token("a.b.c"), Caller::Address("192.0.2.1".to_owned())] {
        world.shares.take(&caller);
        world.wait(10_000);
        assert!(world.shares.due(&caller).is_none(), "{caller:?}");
    }
}

#[test]
fn a_container_forgets_callers_before_it_is_full_of_them() {
    let world = World::new();
    for number in 0..CALLERS + 10 {
        world.shares.take(&Caller::Address(number.to_string()));
    }
    assert!(world.shares.shares().len() <= CALLERS);
}
