use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use aws_sdk_dynamodb::{Client, Config};
use axum::body::Body;
use axum::routing::get;
use http::StatusCode;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use tower::ServiceExt as _;

use super::*;

const RATES: Rates = Rates { key: Rate { per_second: 1, burst: 3 }, address: Rate { per_second: 1, burst: 2 } };

/// An API of one route, which knows the keys that begin with `mec_`, at a clock that stands still until it is moved.
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
        let handler = move |headers: HeaderMap| async move {
            counted.fetch_add(1, Ordering::Relaxed);
            match token(&headers) {
                Ok(key) if !key.starts_with("mec_") => Problem::new(Code::Unauthenticated).into_response(),
                _ => StatusCode::OK.into_response(),
            }
        };
        let router = bounded(Router::new().route("/", get(handler)), shares.clone());
        Self { shares, router, millis, handled }
    }

    async fn ask(&self, key: Option<&str>, address: Option<&str>) -> Response {
        let mut request = Request::builder().uri("/");
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
