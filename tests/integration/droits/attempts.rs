//! Attempts beyond what one pair of address and e-mail may fail: of one e-mail, of one address.

use std::time::Duration;

use acceptance::api::{Answer, Caller};
use acceptance::world::{Settings, World};
use chrono::TimeDelta;
use domain::api_key::Scope;
use http::{Method, StatusCode};
use passerelle_local::demo::data::droits::{self as demonstration, PASSWORD, PEOPLE, directory};
use serde_json::json;

/// Far longer than an answer takes that does not wait, far shorter than the wait.
const SOON: Duration = Duration::from_millis(100);

struct Attempts {
    world: World,
    zlv: Caller,
}

impl Attempts {
    async fn start() -> Self {
        let world = World::with(Settings { directory: directory(), ..Settings::default() }).await;
        demonstration::load(&world.stack).await.unwrap();
        let zlv = world.caller("zlv", Scope::Manage).await;
        Self { world, zlv }
    }

    async fn post(&self, path: &str, address: &str, email: &str) -> Answer {
        let body = match path {
            "/authenticate" => json!({"email": email, "password": PASSWORD}),
            _ => json!({"email": email}),
        };
        let headers = [("x-client-address", address)];
        self.world.droits().send_with(&Method::POST, path, &self.zlv, Some(&body), &headers).await
    }

    /// Asks for a link, which counts as a failure whatever comes of it.
    async fn fail(&self, address: &str, email: &str) -> StatusCode {
        self.post("/password-resets", address, email).await.status
    }
}

#[tokio::test]
async fn an_e_mail_that_fails_a_hundred_times_a_minute_is_answered_late() {
    let attempts = Attempts::start().await;
    let email = "inconnue@demo.fr";
    for rank in 0..100 {
        assert_eq!(attempts.fail(&format!("198.51.100.{}", rank / 10), email).await, StatusCode::ACCEPTED);
    }
    // Another e-mail waits for nothing, nor does the same one under another action.
    assert_eq!(attempts.fail("198.51.100.60", "autre@demo.fr").await, StatusCode::ACCEPTED);
    let link = attempts.post("/signup-links", "198.51.100.60", email).await;
    assert_eq!(link.status, StatusCode::ACCEPTED);

    let late = attempts.fail("198.51.100.61", email);
    assert!(tokio::time::timeout(SOON, late).await.is_err(), "answered at once");

    attempts.world.pass(TimeDelta::minutes(1));
    assert_eq!(attempts.fail("198.51.100.61", email).await, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn an_address_that_fails_three_hundred_times_a_minute_is_refused_whatever_it_tries() {
    let attempts = Attempts::start().await;
    let address = "198.51.100.20";
    for rank in 0..300 {
        let email = format!("inconnue-{}@demo.fr", rank / 10);
        assert_eq!(attempts.fail(address, &email).await, StatusCode::ACCEPTED, "{rank}");
    }
    let refused = attempts.post("/authenticate", address, PEOPLE[0].email).await;
    assert_eq!((refused.status, refused.problem()), (StatusCode::TOO_MANY_REQUESTS, Some("too-many-attempts")));
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(attempts.fail(address, "autre@demo.fr").await, StatusCode::TOO_MANY_REQUESTS);
    // A right password passes from elsewhere, and from there once the minute is over.
    assert_eq!(attempts.post("/authenticate", "198.51.100.21", PEOPLE[0].email).await.status, StatusCode::OK);
    attempts.world.pass(TimeDelta::minutes(1));
    assert_eq!(attempts.post("/authenticate", address, PEOPLE[0].email).await.status, StatusCode::OK);
}
