//! What every handler holds: configuration read once, clients made once.

use std::sync::Arc;

use aws_config::SdkConfig;
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
use uuid::Uuid;

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
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
}

impl Config {
    /// Reads the variables with `look_up`.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong.
    pub fn read(look_up: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables::new(&look_up);
        let config = Self {
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

/// The state of the function; cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What [`App`] derefs to.
pub struct Inner {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) store: CoopStore,
    pub(crate) keys: CommunsStore,
    pub(crate) syncs: Queue,
    pub(crate) dead_syncs: Queue,
    pub(crate) contact_turns: Queue,
    pub(crate) dataspace: Dataspace,
    pub(crate) contacts: Contacts,
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
        Ok(Self(Arc::new(Inner {
            ids: Ids::default(),
            store: CoopStore::new(dynamodb.clone(), config.coop_table),
            keys: CommunsStore::new(dynamodb, config.communs_table),
            syncs: Queue::new(sqs.clone(), config.syncs_queue_url),
            dead_syncs: Queue::new(sqs.clone(), config.syncs_dead_letter_queue_url),
            contact_turns: Queue::new(sqs, config.contacts_queue_url),
            dataspace: Dataspace::new(&config.dataspace_url, dataspace)?,
            contacts: Contacts::new(brevo, config.brevo_list_id),
            clock,
        })))
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> Uuid {
        self.ids.next(self.clock.now())
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
