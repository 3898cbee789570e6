//! A sequence of requests as it is played, and what is compared with the model at its end.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::api::{Answer, Api, Caller};
use acceptance::world::{Settings, World};
use chrono::TimeDelta;
use domain::api_key::Scope;
use http::Method;
use serde_json::{Value, json};

use super::communs::{LEVELS, Model, ORIGIN, OTHER, PEOPLE, Project, SERVICES, Step};

/// Enough for every retry of a delivery whose process died.
const SETTLING: usize = 24;

/// What is kept of an event: id, type, project.
type Event = (String, String, String);

struct Played {
    world: World,
    api: Api,
    keys: [Caller; 2],
    /// The ids of the projects that were made.
    ids: BTreeMap<usize, String>,
}

/// Plays the requests and judges what came of them.
pub(super) async fn play(seed: u64, steps: &[Step]) -> Result<(), String> {
    let settings = Settings { unkind: Some(seed), deaths: Some(seed), ..Settings::default() };
    let world = World::with(settings).await;
    let keys = [world.caller(SERVICES[0], Scope::Sync).await, world.caller(SERVICES[1], Scope::Sync).await];
    let mut played = Played { api: world.communs(), world, keys, ids: BTreeMap::new() };
    for (service, name) in SERVICES.iter().enumerate() {
        let body = json!({"url": played.world.receivers.url(name)});
        played.ask(service, Method::POST, "/webhooks", Some(body), 201).await?;
    }
    let mut model = Model::default();
    for step in steps {
        if let Some(status) = model.follow(*step) {
            played.request(*step, status).await.map_err(|failure| format!("{step:?}: {failure}"))?;
        }
        played.world.pass(TimeDelta::seconds(2));
    }
    played.judge(&model).await
}

impl Played {
    async fn request(&mut self, step: Step, status: u16) -> Result<(), String> {
        let (by, method, path, body) = match step {
            Step::Create { project, name } => {
                let commune = json!({"type": "Commune", "code": "67482"});
                let body = json!({"externalId": format!("p{project}"), "nom": format!("n{name}"), "statut": "IDEE",
                    "collectivites": [commune]});
                let made = self.ask(ORIGIN, Method::POST, "/projects", Some(body), status).await?;
                self.ids.insert(project, made.text("id").to_owned());
                return Ok(());
            }
            Step::Rename { project, by, name } => {
                (by, Method::PATCH, self.path(project, ""), Some(json!({"nom": format!("n{name}")})))
            }
            Step::Link { project } => {
                let body = json!({"externalId": format!("t{project}")});
                (OTHER, Method::PUT, self.path(project, "/links/tet"), Some(body))
            }
            Step::Unlink { project } => (OTHER, Method::DELETE, self.path(project, "/links/tet"), None),
            Step::Grant { project, person, level } => {
                let body = json!({"email": PEOPLE[person], "level": LEVELS[level]});
                (ORIGIN, Method::PUT, self.path(project, "/permissions"), Some(body))
            }
            Step::Revoke { project, person } => {
                (ORIGIN, Method::DELETE, self.path(project, "/permissions"), Some(json!({"email": PEOPLE[person]})))
            }
            Step::Delete { project, by } => (by, Method::DELETE, self.path(project, ""), None),
            Step::Erase { person, by } => {
                (by, Method::POST, "/people/erase".to_owned(), Some(json!({"email": PEOPLE[person]})))
            }
        };
        self.ask(by, method, &path, body, status).await.map(drop)
    }

    fn path(&self, project: usize, rest: &str) -> String {
        format!("/projects/{}{rest}", self.ids[&project])
    }

    async fn ask(
        &self,
        by: usize,
        method: Method,
        path: &str,
        body: Option<Value>,
        status: u16,
    ) -> Result<Answer, String> {
        let answer = self.api.send(&method, path, &self.keys[by], body.as_ref()).await;
        if answer.status == status {
            return Ok(answer);
        }
        Err(format!("{method} {path}: {status} expected, {} answered: {}", answer.status, answer.body))
    }

    async fn judge(&self, model: &Model) -> Result<(), String> {
        for (project, expected) in &model.projects {
            self.judge_project(*project, expected).await.map_err(|failure| format!("project {project}: {failure}"))?;
        }
        self.world.pass(TimeDelta::seconds(30));
        let mut feeds = Vec::new();
        for service in 0..SERVICES.len() {
            let feed = self.feed(service).await?;
            self.judge_feed(service, &feed, model)?;
            feeds.push(feed);
        }
        self.judge_webhooks(&feeds).await
    }

    async fn judge_project(&self, project: usize, expected: &Project) -> Result<(), String> {
        if expected.deleted {
            return self.ask(OTHER, Method::GET, &self.path(project, ""), None, 410).await.map(drop);
        }
        let shown = self.ask(OTHER, Method::GET, &self.path(project, ""), None, 200).await?.body;
        let found = (shown["version"].as_u64(), shown["nom"].as_str(), !shown["externalIds"]["tet"].is_null());
        let name = format!("n{}", expected.name);
        let wanted = (Some(expected.version), Some(name.as_str()), expected.linked);
        if found != wanted {
            return Err(format!("{wanted:?} expected, {found:?} found"));
        }
        for (person, email) in PEOPLE.iter().enumerate() {
            for (level, name) in LEVELS.iter().enumerate() {
                let body = json!({"email": email, "level": name});
                let path = self.path(project, "/permissions/check");
                let allowed = self.ask(OTHER, Method::POST, &path, Some(body), 200).await?.body["allowed"] == true;
                if allowed != expected.levels[person].is_some_and(|held| held >= level) {
                    return Err(format!("{email} {name}: allowed {allowed}, {:?} held", expected.levels[person]));
                }
            }
        }
        Ok(())
    }

    /// The feed of a service, three events at a time.
    async fn feed(&self, service: usize) -> Result<Vec<Event>, String> {
        let (mut events, mut path) = (Vec::new(), "/events?limit=3".to_owned());
        loop {
            self.world.pass(TimeDelta::seconds(1));
            let page = self.ask(service, Method::GET, &path, None, 200).await?;
            let items = page.body["items"].as_array().cloned().unwrap_or_default();
            if items.is_empty() {
                return Ok(events);
            }
            events.extend(items.iter().map(|item| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                (text(&item["id"]), text(&item["type"]), text(&item["data"]["projectId"]))
            }));
            path = format!("/events?limit=3&after={}", page.text("nextCursor"));
        }
    }

    /// Every event of the other service, once, those of a project in their order.
    fn judge_feed(&self, service: usize, feed: &[Event], model: &Model) -> Result<(), String> {
        let ids: BTreeSet<&str> = feed.iter().map(|(id, ..)| id.as_str()).collect();
        if ids.len() != feed.len() {
            return Err(format!("{} events of which {} differ", feed.len(), ids.len()));
        }
        for (project, id) in &self.ids {
            let of_project = model.events.get(project).into_iter().flatten();
            let wanted: Vec<&str> = of_project.filter(|(by, _)| *by != service).map(|(_, event)| *event).collect();
            let found = feed.iter().filter(|(_, _, about)| about == id).map(|(_, event, _)| event.as_str());
            let found: Vec<&str> = found.collect();
            if found != wanted {
                return Err(format!(
                    "feed of {}, project {project}: {wanted:?} expected, {found:?}",
                    SERVICES[service]
                ));
            }
        }
        Ok(())
    }

    /// Every event of its feed comes to a service's webhook in the end, and nothing else.
    async fn judge_webhooks(&self, feeds: &[Vec<Event>]) -> Result<(), String> {
        let mut received = [BTreeSet::new(), BTreeSet::new()];
        let mut missing = String::new();
        for _ in 0..SETTLING {
            self.world.stack.drain().await.map_err(|error| error.to_string())?;
            for request in self.world.receivers.take() {
                let id = request.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
                let service = SERVICES.iter().position(|name| *name == request.service).unwrap_or_default();
                received[service].insert(id.to_owned());
            }
            missing.clear();
            for (service, feed) in feeds.iter().enumerate() {
                let wanted: BTreeSet<String> = feed.iter().map(|(id, ..)| id.clone()).collect();
                if let Some(stranger) = received[service].difference(&wanted).next() {
                    return Err(format!("{} received {stranger}, which its feed does not have", SERVICES[service]));
                }
                missing
                    .extend(wanted.difference(&received[service]).map(|id| format!(" {id} of {}", SERVICES[service])));
            }
            if missing.is_empty() {
                return Ok(());
            }
            self.world.pass(TimeDelta::minutes(20));
        }
        Err(format!("not received:{missing}"))
    }
}
