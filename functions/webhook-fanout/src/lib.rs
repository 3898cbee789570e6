//! One SQS message is one event for one webhook: sign, POST, write the delivery down.
//!
//! Records of a batch are handled concurrently and answered one by one (`ReportBatchItemFailures`): one bad body, one
//! slow receiver or one panic leaves the others alone. What is due and how it went lives in DynamoDB; a message only
//! names a delivery to attempt, so a lost, doubled or late message does no harm.
//!
//! Source: docs/spec/webhooks.md#from-a-write-to-a-webhook

mod deliver;
mod receiver_health;

use aws_config::SdkConfig;
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::webhooks::address::Policy;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use passerelle::clients::signed::SignedSender;
use passerelle::clients::webhook::{Timeouts, WebhookClient};
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::queue::{DeliveryQueue, DeliveryTask};
use passerelle::platform::secrets::{RotatingKeys, SecretError};
use passerelle::store::communs::CommunsStore;
use passerelle::store::communs::delivery_facts::DeliveryFacts;

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
        Ok(Self {
            store: CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), config.communs_table),
            retries: DeliveryQueue::new(aws_sdk_sqs::Client::new(sdk), config.retries_queue_url),
            sender: SignedSender::new(client, sealing.clone(), config.address_policy),
            sealing,
            clock,
        })
    }

    /// Handles a batch and names the records that must come again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        self.sealing.keep_fresh().await;
        let tasks: Vec<Option<DeliveryTask>> = event.records.iter().map(parse_task).collect();
        // One read for the whole batch; each record then stands for itself.
        let named: Vec<DeliveryTask> = tasks.iter().flatten().cloned().collect();
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = match self.store.load_delivery_facts(&named).await {
            Ok(facts) => {
                let records = event.records.iter().zip(tasks);
                let handled = records.map(|(record, task)| self.handle_one(record, task, &facts));
                join_all(handled).await.into_iter().flatten().collect()
            }
            Err(error) => {
                tracing::error!(error = %error, "batch not read: all of it will come again");
                event.records.iter().filter_map(failure).collect()
            }
        };
        response
    }

    async fn handle_one(
        &self,
        record: &SqsMessage,
        task: Option<DeliveryTask>,
        facts: &DeliveryFacts,
    ) -> Option<BatchItemFailure> {
        let handled = std::panic::AssertUnwindSafe(self.deliver(task, facts)).catch_unwind().await;
        let error: Box<dyn std::error::Error + Send + Sync> = match handled {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.into(),
            Err(_) => "the record's handler panicked".into(),
        };
        let cause = error.source().map(ToString::to_string);
        tracing::error!(message = record.message_id, error = %error, cause, "record failed: it will come again");
        failure(record)
    }
}

/// The task a message carries; `None` when it cannot be read.
fn parse_task(message: &SqsMessage) -> Option<DeliveryTask> {
    serde_json::from_str(message.body.as_deref()?).ok()
}

/// The report of a failed record. An empty identifier would fail the whole batch: a record without one has none.
fn failure(record: &SqsMessage) -> Option<BatchItemFailure> {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = record.message_id.clone().filter(|id| !id.is_empty())?;
    Some(failure)
}
