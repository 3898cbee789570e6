//! A world with three receivers whose calls of DynamoDB are metered.

use acceptance::api::{Answer, Api, Caller};
use acceptance::world::World;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::types::DeleteMessageBatchRequestEntry;
use chrono::TimeDelta;
use domain::api_key::Scope;
use engines::Metered;
use http::Method;
use passerelle::platform::lambda::Invocation;
use serde_json::{Value, json};
use webhook_fanout::{Config, Fanout};

use super::bill::Bill;

/// The user of the service that writes.
pub const AGENT: &str = "agent@strasbourg.eu";
/// The services that are told of its changes.
const RECEIVERS: [&str; 3] = ["tet", "recoco", "aides-territoires"];

pub struct MeteredWorld {
    pub world: World,
    /// Acts for [`AGENT`].
    pub mec: Caller,
    /// Acts for the service.
    pub mec_sync: Caller,
    /// Another service, acting for itself.
    pub tet: Caller,
    pub bills: Vec<Bill>,
    api: Api,
    fanout: Fanout,
}

/// Which queue.
#[derive(Debug, Clone, Copy)]
pub enum Queue {
    Deliveries,
    Retries,
}

impl MeteredWorld {
    pub async fn start() -> Self {
        let world = World::start().await;
        let api = world.communs();
        let variables = world.stack.variables("WebhookFanout");
        let config = Config::read(|name| variables.get(name).cloned()).unwrap();
        let fanout = Fanout::start(world.stack.sdk(), config, world.clock.clock()).await.unwrap();
        for service in RECEIVERS {
            let key = world.caller(service, Scope::Sync).await;
            let body = json!({"url": world.receivers.url(service)});
            let made = api.send(&Method::POST, "/webhooks", &key, Some(&body)).await;
            assert_eq!(made.status, 201);
        }
        let mec = world.caller("mec", Scope::Projects).await.on_behalf_of(AGENT);
        let mec_sync = world.caller("mec", Scope::Sync).await;
        let tet = world.caller("tet", Scope::Sync).await;
        Self { world, mec, mec_sync, tet, bills: Vec::new(), api, fanout }
    }

    /// A request that must succeed.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        caller: &Caller,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let body = (!body.is_null()).then_some(&body);
        let answer = self.api.send_with(&method, path, caller, body, headers).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        answer
    }

    /// The same, its cost billed under `name`.
    pub async fn bill(&mut self, name: &str, method: Method, path: &str, caller: &Caller, body: Value) -> Answer {
        self.bill_with(name, method, path, caller, body, &[]).await
    }

    /// The same with further headers.
    pub async fn bill_with(
        &mut self,
        name: &str,
        method: Method,
        path: &str,
        caller: &Caller,
        body: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.world.stack.engines().meter().start();
        let answer = self.send(method, path, caller, body, headers).await;
        let calls = self.world.stack.engines().meter().stop();
        self.add(name, calls);
        answer
    }

    /// Hands what waits in a queue to the fan-out and answers what that cost, and how many messages it was.
    pub async fn fan_out(&self, queue: Queue) -> (Vec<Metered>, usize) {
        let url = self.url(queue);
        let client = aws_sdk_sqs::Client::new(self.world.stack.sdk());
        let mut calls = Vec::new();
        let mut count = 0;
        loop {
            let received = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await;
            let messages = received.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return (calls, count);
            }
            count += messages.len();
            let mut event = SqsEvent::default();
            for message in &messages {
                let mut record = SqsMessage::default();
                record.message_id.clone_from(&message.message_id);
                record.body.clone_from(&message.body);
                event.records.push(record);
            }
            self.world.stack.engines().meter().start();
            let response = self.fanout.handle(event, Invocation::unlimited("cost".to_owned())).await;
            calls.extend(self.world.stack.engines().meter().stop());
            assert_eq!(response.batch_item_failures.len(), 0);
            for message in messages {
                let delete = client.delete_message().queue_url(&url);
                delete.set_receipt_handle(message.receipt_handle).send().await.unwrap();
            }
        }
    }

    /// Throws away what waits in a queue.
    pub async fn purge(&self, queue: Queue) {
        let client = aws_sdk_sqs::Client::new(self.world.stack.sdk());
        loop {
            let received = client.receive_message().queue_url(self.url(queue)).max_number_of_messages(10);
            let Some(messages) = received.send().await.unwrap().messages else { return };
            let entries = messages.iter().enumerate().map(|(id, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string());
                entry.set_receipt_handle(message.receipt_handle.clone()).build().unwrap()
            });
            let delete = client.delete_message_batch().queue_url(self.url(queue));
            delete.set_entries(Some(entries.collect())).send().await.unwrap();
        }
    }

    fn url(&self, queue: Queue) -> String {
        let variable = match queue {
            Queue::Deliveries => "DELIVERIES_QUEUE_URL",
            Queue::Retries => "RETRIES_QUEUE_URL",
        };
        self.world.stack.variables("ProjectsApi")[variable].clone()
    }

    /// Delivers everything due, unbilled; then what a busy machine made fail, so that no retry is left for later.
    pub async fn settle(&self) {
        self.world.stack.drain().await.unwrap();
        self.world.pass(TimeDelta::minutes(10));
        self.world.stack.drain().await.unwrap();
    }

    pub fn add(&mut self, name: &str, calls: Vec<Metered>) {
        self.bills.push(Bill { path: name.to_owned(), calls, about: false });
    }

    /// Marks the last bill as one that varies.
    pub fn about(&mut self) {
        self.bills.last_mut().unwrap().about = true;
    }

    pub fn billed(&self, name: &str) -> &Bill {
        self.bills.iter().find(|bill| bill.path == name).unwrap_or_else(|| panic!("no bill for {name}"))
    }
}
