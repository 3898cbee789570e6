//! A stack, and what exists in it when a route is called.

use acceptance::api::{Answer, Api, Caller};
use acceptance::world::World;
use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use super::super::table::Column;
use super::callers::{self, CREATOR, LINKED, READER, WRITER};
use super::rows::{Target, project};

/// A world with its callers.
pub struct Scene {
    pub columns: Vec<Column>,
    pub api: Api,
    world: World,
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

impl Scene {
    /// Nothing exists yet. The webhooks of the creator go to a receiver.
    pub async fn start() -> Self {
        let world = World::start().await;
        Self { columns: callers::columns(&world).await, api: world.communs(), world, made: 0 }
    }

    /// Makes what `target` says exist. Then a minute goes by, so that the feed shows it.
    pub async fn fixture(&mut self, target: Target) -> Fixture {
        self.made += 1;
        let mut fixture = Fixture {
            number: self.made,
            project: "01900000-0000-7000-8000-000000000000".to_owned(),
            webhook: String::new(),
            event: String::new(),
            url: self.world.receivers.url(CREATOR),
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
                self.world.stack.drain().await.unwrap();
                let path = format!("/webhooks/{}/deliveries", fixture.webhook);
                let deliveries = self.made_by(CREATOR, Method::GET, &path, None).await;
                fixture.event = deliveries.body["items"][0]["eventId"].as_str().unwrap().to_owned();
            }
        }
        self.world.pass(TimeDelta::minutes(1));
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
        let body = json!({"url": self.world.receivers.url(CREATOR)});
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
