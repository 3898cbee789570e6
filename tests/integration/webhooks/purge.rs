//! What is kept of the deliveries of a deleted webhook goes with it, whoever was about to write one.

use acceptance::api::Caller;
use acceptance::world::World;
use chrono::TimeDelta;
use domain::api_key::{Scope, Service};
use domain::communs::event::{Event, EventId};
use domain::communs::project::ProjectId;
use domain::webhooks::delivery::{Attempt, Delivery};
use domain::webhooks::subscription::WebhookId;
use http::{Method, StatusCode};
use outbox_sweeper::{Config, SweepReport, Sweeper};
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::deliveries::Expect;
use serde_json::json;
use uuid::Uuid;

const BEA: &str = "bea@nantes.fr";

struct Deletion {
    world: World,
    store: CommunsStore,
    tet: Caller,
    hook: WebhookId,
}

impl Deletion {
    /// A world where `tet` has a webhook.
    async fn world() -> Self {
        let world = World::start().await;
        let table = world.stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone();
        let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(world.stack.sdk()), table);
        let tet = world.caller("tet", Scope::Sync).await;
        let body = json!({"url": world.receivers.url("tet")});
        let made = world.communs().send(&Method::POST, "/webhooks", &tet, Some(&body)).await;
        let hook = WebhookId::parse(made.text("id")).unwrap();
        Self { world, store, tet, hook }
    }

    /// Writes the delivery of an event, as the fan-out does after its attempt.
    async fn record(&self, event: &Event) {
        let now = self.world.clock.now();
        let mut delivery = Delivery::new(event, now);
        let answer = format!("reçu de {BEA}");
        let attempt = Attempt { at: now, status_code: Some(200), error_class: None, latency_ms: 1, answer };
        delivery.attempts.push(attempt);
        self.store.write_delivery(self.hook, &delivery, Some(now), Expect::New, now).await.unwrap();
    }

    async fn record_some(&self, count: u128) {
        for n in 0..count {
            let id = EventId::from(Uuid::from_u128((0x0190_0000_0000_7000_8000 << 48) + n));
            let service = Service::parse("mec").unwrap();
            let project = ProjectId::from(Uuid::from_u128(n));
            self.record(&Event::of_permission(id, &service, project, None, self.world.clock.now())).await;
        }
    }

    async fn delete(&self) -> StatusCode {
        let path = format!("/webhooks/{}", self.hook);
        self.world.communs().send(&Method::DELETE, &path, &self.tet, None).await.status
    }

    async fn left(&self) -> usize {
        self.store.deliveries(self.hook, None, 1_000).await.unwrap().len()
    }

    async fn sweep(&self) -> SweepReport {
        let variables = self.world.stack.variables("OutboxSweeper");
        let config = Config::read(|name| variables.get(name).cloned()).unwrap();
        Sweeper::new(self.world.stack.sdk(), config, self.world.clock.clock()).handle().await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_go_at_once_and_the_sweeper_takes_the_rest_in_steps() {
    let deletion = Deletion::world().await;
    deletion.record_some(720).await;
    assert_eq!(deletion.delete().await, StatusCode::NO_CONTENT);
    assert_eq!(deletion.left().await, 520);
    assert_eq!(deletion.delete().await, StatusCode::NOT_FOUND, "once");
    for (purged, left) in [(500, 20), (20, 0), (0, 0)] {
        assert_eq!((deletion.sweep().await.purged, deletion.left().await), (purged, left));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_broke_off_is_finished_by_the_sweeper() {
    let deletion = Deletion::world().await;
    deletion.record_some(3).await;
    let webhook = deletion.store.webhooks(None).await.unwrap().remove(0);
    deletion.store.delete_webhook(&webhook.service, webhook.id, deletion.world.clock.now()).await.unwrap();
    assert_eq!((deletion.sweep().await.purged, deletion.left().await), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_under_way_writes_after_the_deletion_goes_too() {
    let deletion = Deletion::world().await;
    deletion.delete().await;
    assert_eq!(deletion.sweep().await.purged, 0);
    // The fan-out had read the webhook before.
    deletion.record_some(1).await;
    deletion.world.pass(TimeDelta::minutes(14));
    assert_eq!((deletion.sweep().await.purged, deletion.left().await), (0, 1), "one look is enough meanwhile");
    deletion.world.pass(TimeDelta::minutes(1));
    assert_eq!((deletion.sweep().await.purged, deletion.left().await), (1, 0));
    assert_eq!(deletion.store.purges().await.unwrap().len(), 1);
    deletion.sweep().await;
    assert!(deletion.store.purges().await.unwrap().is_empty(), "nothing is kept of a deletion that is whole");
    assert_eq!(deletion.sweep().await.purged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_taken_out_of_deliveries_that_wait_to_be_removed() {
    let deletion = Deletion::world().await;
    let mec = deletion.world.caller("mec", Scope::Sync).await;
    let commune = json!({"type": "Commune", "code": "67482"});
    let project = json!({"externalId": "m-1", "nom": "Halle", "statut": "IDEE", "collectivites": [commune],
        "porteur": {"referentEmail": BEA}});
    let made = deletion.world.communs().send(&Method::POST, "/projects", &mec, Some(&project)).await;
    deletion.delete().await;
    let project = ProjectId::parse(made.text("id")).unwrap();
    let id = deletion.store.versions(project, 0, 10).await.unwrap().remove(0).event;
    let (event, _) = deletion.store.event(&id).await.unwrap().unwrap();
    deletion.record(&event).await;

    let body = json!({"email": BEA});
    let erased = deletion.world.communs().send(&Method::POST, "/people/erase", &mec, Some(&body)).await;
    assert_eq!((&erased.body["events"], &erased.body["deliveries"]), (&json!(1), &json!(1)));
    let delivery = deletion.store.delivery(deletion.hook, &id).await.unwrap().unwrap();
    assert!(delivery.attempts.iter().all(|attempt| attempt.answer.is_empty()), "{delivery:?}");
}
