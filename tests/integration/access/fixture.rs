//! A stack, and what exists in it when a route is called.

use acceptance::api::{Answer, Api, Caller};
use acceptance::moving_clock::MovingClock;
use chrono::{TimeDelta, TimeZone as _, Utc};
use engines::Storage;
use http::Method;
use passerelle_local::stack::{Stack, StackOptions};
use serde_json::{Value, json};

use super::callers::{self, CREATOR, Column, LINKED, READER, WRITER};
use super::rows::{Target, project};

/// One stack with its callers.
pub struct World {
    pub columns: Vec<Column>,
    pub api: Api,
    stack: Stack,
    clock: MovingClock,
    url: String,
    made: usize,
}

/// What one call is about.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Tells fixtures of one world apart.
    pub number: usize,
    pub project: String,
    pub webhook: String,
    pub event: String,
    /// An address that takes webhooks.
    pub url: String,
    /// The caller's service.
    pub service: &'static str,
}

impl Fixture {
    /// Under which a service knows the project; the creator and the linked one do.
    pub fn external_id(&self, service: &str) -> String {
        format!("{service}-{}", self.number)
    }
}

impl World {
    /// An empty world whose webhooks go to `url`.
    pub async fn start(url: String) -> Self {
        let clock = MovingClock::at(Utc.with_ymd_and_hms(2026, 11, 2, 9, 0, 0).unwrap());
        let options = StackOptions::new(Storage::Memory, clock.clock());
        let stack = Stack::start(options).await.unwrap();
        let columns = callers::columns(&stack).await;
        Self { columns, api: Api::new(stack.api()), stack, clock, url, made: 0 }
    }

    /// Makes what `target` says exist. Then a minute goes by, so that the feed shows it.
    pub async fn fixture(&mut self, target: Target) -> Fixture {
        self.made += 1;
        let mut fixture = Fixture {
            number: self.made,
            project: "01900000-0000-7000-8000-000000000000".to_owned(),
            webhook: String::new(),
            event: String::new(),
            url: self.url.clone(),
            service: CREATOR,
        };
        match target {
            Target::Unknown => {}
            Target::Project => fixture.project = self.project(&fixture).await,
            Target::Deleted => {
                fixture.project = self.project(&fixture).await;
                self.made_by(CREATOR, Method::DELETE, &format!("/projects/{}", fixture.project), None).await;
            }
            Target::Webhook => fixture.webhook = self.webhook().await,
            Target::Delivery => {
                fixture.webhook = self.webhook().await;
                let body = project(&fixture.external_id(LINKED));
                self.made_by(LINKED, Method::POST, "/projects", Some(&body)).await;
                self.stack.drain().await.unwrap();
                let path = format!("/webhooks/{}/deliveries", fixture.webhook);
                let deliveries = self.made_by(CREATOR, Method::GET, &path, None).await;
                fixture.event = deliveries.body["items"][0]["eventId"].as_str().unwrap().to_owned();
            }
        }
        self.clock.move_to(self.clock.now() + TimeDelta::minutes(1));
        fixture
    }

    /// Takes away the webhook of a fixture, if the call has left it: a service may have ten.
    pub async fn tidy(&self, fixture: &Fixture) {
        if !fixture.webhook.is_empty() {
            let caller = self.service(CREATOR);
            self.api.send(&Method::DELETE, &format!("/webhooks/{}", fixture.webhook), caller, None).await;
        }
    }

    async fn project(&self, fixture: &Fixture) -> String {
        // By the service itself: no user gets a right by creating it.
        let body = project(&fixture.external_id(CREATOR));
        let made = self.made_by(CREATOR, Method::POST, "/projects", Some(&body)).await;
        let path = format!("/projects/{}", made.text("id"));
        let link = json!({"externalId": fixture.external_id(LINKED)});
        self.made_by(LINKED, Method::PUT, &format!("{path}/links/{LINKED}"), Some(&link)).await;
        for (email, level) in [(READER, "READ"), (WRITER, "WRITE")] {
            let right = json!({"email": email, "level": level});
            self.made_by(CREATOR, Method::PUT, &format!("{path}/permissions"), Some(&right)).await;
        }
        made.text("id").to_owned()
    }

    async fn webhook(&self) -> String {
        let body = json!({"url": self.url});
        self.made_by(CREATOR, Method::POST, "/webhooks", Some(&body)).await.text("id").to_owned()
    }

    async fn made_by(&self, service: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let answer = self.api.send(&method, path, self.service(service), body).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer
    }

    fn service(&self, service: &str) -> &Caller {
        callers::of(&self.columns, "sync", service)
    }
}
