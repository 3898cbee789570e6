//! What every handler holds: configuration read once, clients made once.

use std::sync::Arc;

use aws_config::SdkConfig;
use axum::extract::FromRef;
use domain::reference::email::Email;
use domain::webhooks::address::Policy;
use passerelle::backlog::Backlog;
use passerelle::identity::person_hash::Person;
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::ids::Ids;
use passerelle::platform::queue::DeliveryQueue;
use passerelle::platform::secrets::{RotatingKeys, SecretError};
use passerelle::store::communs::CommunsStore;
use passerelle::web::fair_share::{FairShares, Rates};

use crate::access::Projects;
use crate::creation::Creations;
use crate::redelivery::Redelivery;
use crate::webhooks::Webhooks;
use crate::writes::ProjectWrites;

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    rates: Rates,
    communs_table: String,
    deliveries_queue_url: String,
    retries_queue_url: String,
    email_hmac_secret: String,
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
            rates: Rates::read(&variables),
            communs_table: variables.text("COMMUNS_TABLE"),
            deliveries_queue_url: variables.text("DELIVERIES_QUEUE_URL"),
            retries_queue_url: variables.text("RETRIES_QUEUE_URL"),
            email_hmac_secret: variables.text("EMAIL_HMAC_SECRET"),
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
}

/// The state of the API; cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What [`App`] derefs to.
pub struct Inner {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    /// Everything but projects, which are read through `projects`.
    pub(crate) store: CommunsStore,
    pub(crate) shares: FairShares,
    pub(crate) projects: Projects,
    pub(crate) writes: ProjectWrites,
    pub(crate) webhooks: Webhooks,
    pub(crate) redelivery: Redelivery,
    pub(crate) people: RotatingKeys,
}

impl App {
    /// Makes the clients and reads the secrets.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub async fn start(sdk: &SdkConfig, config: Config, clock: Clock) -> Result<Self, StartError> {
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let secrets = aws_sdk_secretsmanager::Client::new(sdk);
        let (sealing, people) = futures_util::try_join!(
            RotatingKeys::load(secrets.clone(), config.webhook_sealing_secret, clock.clone()),
            RotatingKeys::load(secrets, config.email_hmac_secret, clock.clone()),
        )?;
        let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), config.communs_table);
        let ids = Ids::default();
        let writes = ProjectWrites {
            store: store.clone(),
            deliveries: DeliveryQueue::new(sqs.clone(), config.deliveries_queue_url),
            people: people.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let retries = DeliveryQueue::new(sqs, config.retries_queue_url);
        Ok(Self(Arc::new(Inner {
            shares: FairShares::new(config.rates, &store, clock.clone()),
            projects: Projects::new(store.clone()),
            webhooks: Webhooks {
                store: store.clone(),
                backlog: Backlog::new(store.clone(), retries.clone()),
                sealing,
                policy: config.address_policy,
                clock: clock.clone(),
                ids: ids.clone(),
                sender: Arc::default(),
            },
            redelivery: Redelivery { store: store.clone(), retries, clock: clock.clone() },
            ids,
            store,
            writes,
            people,
            clock,
        })))
    }

    /// The person an e-mail names.
    pub(crate) fn person(&self, email: &Email) -> Person {
        Person::of(email, &self.people.current())
    }
}

impl FromRef<App> for Projects {
    fn from_ref(app: &App) -> Self {
        app.projects.clone()
    }
}

impl FromRef<App> for Creations {
    fn from_ref(app: &App) -> Self {
        Self {
            projects: app.projects.clone(),
            writes: app.writes.clone(),
            store: app.store.clone(),
            clock: app.clock.clone(),
            ids: app.ids.clone(),
        }
    }
}

impl FromRef<App> for Webhooks {
    fn from_ref(app: &App) -> Self {
        app.webhooks.clone()
    }
}

impl FromRef<App> for Redelivery {
    fn from_ref(app: &App) -> Self {
        app.redelivery.clone()
    }
}

impl FromRef<App> for ProjectWrites {
    fn from_ref(app: &App) -> Self {
        app.writes.clone()
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
