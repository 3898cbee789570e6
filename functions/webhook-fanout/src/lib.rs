//! One SQS message is one event for one webhook: sign, POST, write the delivery down.
//!
//! The messages of a batch are handled concurrently and answered one by one. What is due and how it went lives in DynamoDB; a message only
//! names a delivery to attempt, so a lost, doubled or late message does no harm.
//!
//! Source: docs/spec/webhooks.md#from-a-write-to-a-webhook

mod deliver;
mod receiver_health;

use std::collections::HashSet;

use aws_config::SdkConfig;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::webhooks::address::Policy;
use passerelle::backlog::Backlog;
use passerelle::clients::signed::SignedSender;
use passerelle::clients::webhook::{Timeouts, WebhookClient};
use passerelle::platform::batch::{self, Concurrency, Failures, Message};
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::lambda::Invocation;
use passerelle::platform::queue::{DeliveryQueue, DeliveryTask};
use passerelle::platform::secrets::{RotatingKeys, SecretError};
use passerelle::store::communs::CommunsStore;

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    communs_table: String,
    retries_queue_url: String,
    webhook_sealing_secret: String,
    address_policy: Policy,
}

impl Config {
    /// Reads the variables with `look_up`.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(&look_up);
        let config = Self {
            communs_table: variables.text("COMMUNS_TABLE"),
            retries_queue_url: variables.text("RETRIES_QUEUE_URL"),
            webhook_sealing_secret: variables.text("WEBHOOK_SEALING_SECRET"),
            address_policy: variables.address_policy(),
        };
        variables.finish(config)
    }
}

/// Why the function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A secret is missing or malformed.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The HTTP client could not be made.
    #[error("the HTTP client of webhooks could not be built")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The function, its clients made once.
#[derive(Clone, Debug)]
pub struct Fanout {
    clock: Clock,
    store: CommunsStore,
    retries: DeliveryQueue,
    backlog: Backlog,
    sender: SignedSender,
    sealing: RotatingKeys,
}

impl Fanout {
    /// Makes the clients and reads the secret.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub async fn start(sdk: &SdkConfig, config: Config, clock: Clock) -> Result<Self, StartError> {
        let client = WebhookClient::new(config.address_policy, Timeouts::default(), clock.clone())
            .map_err(|error| StartError::Client(error.into()))?;
        let secrets = aws_sdk_secretsmanager::Client::new(sdk);
        let sealing = RotatingKeys::load(secrets, config.webhook_sealing_secret, clock.clone()).await?;
        let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), config.communs_table);
        let retries = DeliveryQueue::new(aws_sdk_sqs::Client::new(sdk), config.retries_queue_url);
        Ok(Self {
            backlog: Backlog::new(store.clone(), retries.clone()),
            store,
            retries,
            sender: SignedSender::new(client, sealing.clone(), config.address_policy),
            sealing,
            clock,
        })
    }

    /// Handles a batch and names the messages that must come again.
    pub async fn handle(&self, event: SqsEvent, invocation: Invocation) -> SqsBatchResponse {
        self.sealing.keep_fresh().await;
        let messages = without_doubles(batch::read(event, |body| serde_json::from_str(body).ok()));
        // One read for the whole batch; each message then stands for itself.
        let tasks: Vec<DeliveryTask> = messages.iter().map(|message| message.body.clone()).collect();
        let failures = match self.store.load_delivery_facts(&tasks).await {
            Ok(facts) => {
                let all_at_once = Concurrency::AtMost(messages.len());
                invocation.handle_each(messages, all_at_once, |task| self.deliver(task, &facts)).await
            }
            Err(error) => {
                tracing::error!(error = %error, "batch not read: all of it comes again");
                Failures::all(&messages)
            }
        };
        failures.into()
    }
}

/// One message per task: a task that SQS brings twice in one batch is attempted once. The doubles are done with the
/// batch, whatever comes of the first: if that fails, it comes again by itself.
fn without_doubles(messages: Vec<Message<DeliveryTask>>) -> Vec<Message<DeliveryTask>> {
    let mut seen = HashSet::new();
    messages.into_iter().filter(|message| seen.insert(message.body.clone())).collect()
}
