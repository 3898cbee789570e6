//! What every handler holds: configuration read once, clients made once.

use std::sync::Arc;

use aws_config::SdkConfig;
use chrono::TimeDelta;
use passerelle::clients::brevo::Brevo;
use passerelle::clients::contacts::Contacts;
use passerelle::clients::dataspace::{ClientError, Dataspace};
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::ids::Ids;
use passerelle::platform::queue::Queue;
use passerelle::platform::secrets::{Rotating, SecretError};
use passerelle::store::communs::CommunsStore;
use passerelle::store::coop::CoopStore;
use passerelle::web::fair_share::{FairShares, Rates};

use crate::contacts::ContactOutbox;
use crate::inscription::LieuImport;
use crate::lister::RunLister;
use crate::nightly::RunWorker;
use crate::sync::UserSync;
use crate::users::Users;

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    rates: Rates,
    coop_table: String,
    communs_table: String,
    syncs_queue_url: String,
    syncs_dead_letter_queue_url: String,
    contacts_queue_url: String,
    dataspace_url: String,
    dataspace_secret: String,
    brevo_url: String,
    brevo_secret: String,
    brevo_list_id: u64,
    deleted_user_retention_days: u64,
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
            coop_table: variables.text("COOP_TABLE"),
            communs_table: variables.text("COMMUNS_TABLE"),
            syncs_queue_url: variables.text("SYNCS_QUEUE_URL"),
            syncs_dead_letter_queue_url: variables.text("SYNCS_DEAD_LETTER_QUEUE_URL"),
            contacts_queue_url: variables.text("CONTACTS_QUEUE_URL"),
            dataspace_url: variables.text("DATASPACE_URL"),
            dataspace_secret: variables.text("DATASPACE_SECRET"),
            brevo_url: variables.text("BREVO_URL"),
            brevo_secret: variables.text("BREVO_SECRET"),
            brevo_list_id: variables.number("BREVO_LIST_ID"),
            deleted_user_retention_days: variables.number("DELETED_USER_RETENTION_DAYS"),
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
    /// The client of the Dataspace could not be made.
    #[error(transparent)]
    Dataspace(#[from] ClientError),
    /// The client of Brevo could not be made.
    #[error("the HTTP client of Brevo could not be built")]
    Brevo(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The state of the function: what each use case needs, made once. Cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What [`App`] derefs to.
pub struct Inner {
    pub(crate) shares: FairShares,
    pub(crate) keys: CommunsStore,
    pub(crate) users: Users,
    pub(crate) sync: UserSync,
    pub(crate) lieux: LieuImport,
    pub(crate) runs: RunLister,
    pub(crate) worker: RunWorker,
    pub(crate) outbox: ContactOutbox,
}

impl App {
    /// Makes the clients and reads the secrets.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub async fn start(sdk: &SdkConfig, config: Config, clock: Clock) -> Result<Self, StartError> {
        let secrets = aws_sdk_secretsmanager::Client::new(sdk);
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let sqs = aws_sdk_sqs::Client::new(sdk);
        let (dataspace, brevo) = futures_util::try_join!(
            Rotating::load(secrets.clone(), config.dataspace_secret, clock.clone()),
            Rotating::load(secrets.clone(), config.brevo_secret, clock.clone()),
        )?;
        let brevo = Brevo::new(&config.brevo_url, brevo).map_err(|error| StartError::Brevo(error.into()))?;
        let brevo = Contacts::new(brevo, config.brevo_list_id);
        let dataspace = Dataspace::new(&config.dataspace_url, dataspace)?;
        let queue = |url| Queue::new(sqs.clone(), url);
        let (syncs, dead_syncs) = (queue(config.syncs_queue_url), queue(config.syncs_dead_letter_queue_url));
        let keys = CommunsStore::new(dynamodb.clone(), config.communs_table);
        let store = CoopStore::new(dynamodb, config.coop_table);
        let shares = FairShares::new(config.rates, &store, clock.clone());
        let ids = Ids::default();

        let contacts = queue(config.contacts_queue_url);
        let outbox = ContactOutbox { store: store.clone(), queue: contacts, brevo, clock: clock.clone() };
        let kept_deleted = i64::try_from(config.deleted_user_retention_days).unwrap_or(i64::MAX).min(36_500);
        let users = Users {
            store: store.clone(),
            outbox: outbox.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            kept_deleted: TimeDelta::days(kept_deleted),
        };
        let sync = UserSync {
            users: users.clone(),
            store: store.clone(),
            dataspace,
            outbox: outbox.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let lieux = LieuImport { users: users.clone(), store: store.clone(), clock: clock.clone(), ids: ids.clone() };
        let runs = RunLister { store: store.clone(), syncs: syncs.clone(), clock: clock.clone(), ids };
        let worker = RunWorker { store, sync: sync.clone(), syncs, dead_syncs, clock };
        Ok(Self(Arc::new(Inner { shares, keys, users, sync, lieux, runs, worker, outbox })))
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
