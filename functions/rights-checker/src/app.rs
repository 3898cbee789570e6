//! What every handler holds: configuration read once, clients made once.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use chrono::{Months, TimeDelta};
use domain::droits::retention::Terms;
use domain::reference::email::Email;
use passerelle::clients::brevo::Brevo;
use passerelle::clients::portail_df::{ClientError, PortailDf, Version as PortailDfVersion};
use passerelle::identity::password::Passwords;
use passerelle::platform::clock::Clock;
use passerelle::platform::config::{ConfigError, Variables};
use passerelle::platform::ids::Ids;
use passerelle::platform::secrets::{Rotating, RotatingKeys, SecretError};
use passerelle::store::communs::CommunsStore;
use passerelle::store::droits::DroitsStore;
use passerelle::store::error::StoreError;
use passerelle::web::fair_share::{FairShares, Rates};

use crate::attempts::Attempts;
use crate::decisions::Decisions;
use crate::mails::Mails;
use crate::retention::Retention;
use crate::second_factor::SecondFactors;
use crate::sessions::Sessions;

/// How long an answer waits while an e-mail fails too often from everywhere.
const DELAY: Duration = Duration::from_secs(2);

/// The function's environment.
#[derive(Clone, Debug)]
pub struct Config {
    rates: Rates,
    droits_table: String,
    communs_table: String,
    mails_queue_url: String,
    access_token_secret: String,
    portail_df_url: String,
    portail_df_secret: String,
    portail_df_version: PortailDfVersion,
    brevo_url: String,
    brevo_secret: String,
    mail_sender: String,
    links_url: String,
    prospect_retention_days: u64,
    account_retention_months: u64,
    deletion_notice_days: u64,
    test_accounts: String,
    admin_2fa: bool,
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
            droits_table: variables.text("DROITS_TABLE"),
            communs_table: variables.text("COMMUNS_TABLE"),
            mails_queue_url: variables.text("MAILS_QUEUE_URL"),
            access_token_secret: variables.text("ACCESS_TOKEN_SECRET"),
            portail_df_url: variables.text("PORTAIL_DF_URL"),
            portail_df_secret: variables.text("PORTAIL_DF_SECRET"),
            portail_df_version: if variables.choice("PORTAIL_DF_API", "v2", "v1") {
                PortailDfVersion::V2
            } else {
                PortailDfVersion::V1
            },
            brevo_url: variables.text("BREVO_URL"),
            brevo_secret: variables.text("BREVO_SECRET"),
            mail_sender: variables.text("MAIL_SENDER"),
            links_url: variables.text("LINKS_URL"),
            prospect_retention_days: variables.number("PROSPECT_RETENTION_DAYS"),
            account_retention_months: variables.number("ACCOUNT_RETENTION_MONTHS"),
            deletion_notice_days: variables.number("DELETION_NOTICE_DAYS"),
            // An empty list is a list.
            test_accounts: look_up("TEST_ACCOUNTS").unwrap_or_default(),
            admin_2fa: variables.choice("ADMIN_2FA", "true", "false"),
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
    /// The client of Portail DF could not be made.
    #[error(transparent)]
    PortailDf(#[from] ClientError),
    /// The client of Brevo could not be made.
    #[error("the HTTP client of Brevo could not be built")]
    Brevo(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The state of the function; cloning it is cheap.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What [`App`] derefs to: one use case a field, and what routes read directly.
pub struct Inner {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) shares: FairShares,
    pub(crate) store: DroitsStore,
    pub(crate) keys: CommunsStore,
    pub(crate) tokens: RotatingKeys,
    pub(crate) passwords: Passwords,
    pub(crate) attempts: Attempts,
    pub(crate) decisions: Decisions,
    pub(crate) sessions: Sessions,
    pub(crate) second_factors: SecondFactors,
    pub(crate) mails: Arc<Mails>,
    pub(crate) retention: Retention,
    /// How long a prospect is kept after it was last loaded.
    pub(crate) prospect_retention: TimeDelta,
    /// Whether administrators bring a second factor.
    pub(crate) admin_2fa: bool,
}

impl App {
    /// Makes the clients and reads the secrets.
    ///
    /// # Errors
    /// When a secret cannot be read.
    pub async fn start(sdk: &SdkConfig, config: Config, clock: Clock) -> Result<Self, StartError> {
        let secrets = aws_sdk_secretsmanager::Client::new(sdk);
        let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
        let (tokens, account, key) = futures_util::try_join!(
            RotatingKeys::load(secrets.clone(), config.access_token_secret, clock.clone()),
            Rotating::load(secrets.clone(), config.portail_df_secret, clock.clone()),
            Rotating::load(secrets.clone(), config.brevo_secret, clock.clone()),
        )?;
        let test_accounts = config.test_accounts.split(',').filter_map(|text| Email::parse(text).ok());
        let store = DroitsStore::new(dynamodb.clone(), config.droits_table);
        let ids = Ids::default();
        let terms = Terms {
            unseen: Months::new(u32::try_from(config.account_retention_months).unwrap_or(u32::MAX).min(1_200)),
            notice: days(config.deletion_notice_days),
        };
        let mails = Arc::new(Mails {
            store: store.clone(),
            tokens: tokens.clone(),
            sqs: aws_sdk_sqs::Client::new(sdk),
            queue_url: config.mails_queue_url,
            brevo: Brevo::new(&config.brevo_url, key).map_err(|error| StartError::Brevo(error.into()))?,
            sender: config.mail_sender,
            links_url: config.links_url,
            clock: clock.clone(),
        });
        Ok(Self(Arc::new(Inner {
            shares: FairShares::new(config.rates, &store, clock.clone()),
            keys: CommunsStore::new(dynamodb, config.communs_table),
            passwords: Passwords::default(),
            attempts: Attempts { store: store.clone(), keys: tokens.clone(), clock: clock.clone(), delay: DELAY },
            decisions: Decisions {
                store: store.clone(),
                portail_df: PortailDf::new(&config.portail_df_url, config.portail_df_version, account)?,
                clock: clock.clone(),
                test_accounts: test_accounts.map(|email| email.normalised().to_owned()).collect(),
            },
            sessions: Sessions { store: store.clone(), tokens: tokens.clone(), clock: clock.clone(), terms },
            second_factors: SecondFactors {
                store: store.clone(),
                tokens: tokens.clone(),
                ids: ids.clone(),
                mails: Arc::clone(&mails),
                clock: clock.clone(),
            },
            retention: Retention {
                store: store.clone(),
                ids: ids.clone(),
                mails: Arc::clone(&mails),
                clock: clock.clone(),
                terms,
            },
            mails,
            prospect_retention: days(config.prospect_retention_days),
            admin_2fa: config.admin_2fa,
            store,
            ids,
            tokens,
            clock,
        })))
    }

    /// The mails, for the events that are no requests.
    #[must_use]
    pub fn mails(&self) -> &Mails {
        &self.mails
    }

    /// Does what is due at every minute, and answers how many things it found to do.
    ///
    /// # Errors
    /// When what is due cannot be listed.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let taken_up = self.retention.sweep().await?;
        Ok(taken_up + self.mails.sweep().await?)
    }
}

fn days(number: u64) -> TimeDelta {
    TimeDelta::days(i64::try_from(number).unwrap_or(i64::MAX).min(36_500))
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
