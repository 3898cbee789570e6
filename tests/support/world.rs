//! The world of one test: a fresh stack, a clock that stands still until it is moved, the partners' stand-ins beside
//! it, and stub receivers of webhooks.

use std::collections::BTreeMap;
use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::Scope;
use engines::Storage;
use passerelle_local::stack::{Stack, StackOptions};
use passerelle_local::stand_ins::brevo::Brevo;
use passerelle_local::stand_ins::dataspace::Dataspace;
use passerelle_local::stand_ins::portail_df::{Directory, PortailDf};

use crate::api::{Api, Caller};
use crate::moving_clock::MovingClock;
use crate::receivers::Receivers;

/// Everything a test acts on.
pub struct World {
    pub stack: Stack,
    pub clock: MovingClock,
    pub receivers: Receivers,
    pub portail_df: PortailDf,
    pub brevo: Brevo,
    pub dataspace: Dataspace,
}

/// What a world is started with.
pub struct Settings {
    pub now: DateTime<Utc>,
    pub storage: Storage,
    /// The people Portail DF knows.
    pub directory: Directory,
    /// In place of the template's, in every function that has them.
    pub variables: BTreeMap<String, String>,
    /// The seed from which the engines draw what AWS may do to a caller; kind engines without it.
    pub unkind: Option<u64>,
    /// The seed from which is drawn when processes die; none without it.
    pub deaths: Option<u64>,
}

impl Default for Settings {
    /// In memory, on an ordinary morning.
    fn default() -> Self {
        Self {
            now: DateTime::UNIX_EPOCH + TimeDelta::seconds(1_793_610_000),
            storage: Storage::Memory,
            directory: Directory::default(),
            variables: BTreeMap::new(),
            unkind: None,
            deaths: None,
        }
    }
}

impl World {
    /// A world with the settings as they are.
    ///
    /// # Panics
    /// As [`World::with`].
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// A world with other settings.
    ///
    /// # Panics
    /// When it cannot start: no test goes on without it.
    pub async fn with(settings: Settings) -> Self {
        Self::try_with(settings).await.unwrap_or_else(|error| panic!("the world does not start: {error}"))
    }

    /// The same, for those who report what stops it.
    ///
    /// # Errors
    /// When a port cannot be opened, or the stack does not start.
    pub async fn try_with(settings: Settings) -> Result<Self, Box<dyn Error>> {
        let clock = MovingClock::at(settings.now);
        let receivers = Receivers::open(clock.clock()).await?;
        let portail_df = PortailDf::start(settings.directory).await?;
        let (brevo, dataspace) = (Brevo::start().await?, Dataspace::start().await?);
        let options = StackOptions::new(settings.storage, clock.clock())
            .with("PORTAIL_DF_URL", portail_df.url())
            .with("BREVO_URL", brevo.url())
            .with("DATASPACE_URL", dataspace.url());
        let options = settings.variables.into_iter().fold(options, |options, (name, value)| options.with(&name, value));
        let stack = Stack::start(StackOptions { unkind: settings.unkind, deaths: settings.deaths, ..options }).await?;
        Ok(Self { stack, clock, receivers, portail_df, brevo, dataspace })
    }

    /// Time goes by.
    pub fn pass(&self, time: TimeDelta) {
        self.clock.move_to(self.clock.now() + time);
    }

    /// The holder of a new key.
    ///
    /// # Panics
    /// When none is issued.
    pub async fn caller(&self, service: &str, scope: Scope) -> Caller {
        let key = self.stack.issue_key(service, scope).await;
        Caller::key(&key.unwrap_or_else(|error| panic!("a key of {service}: {error}")))
    }

    #[must_use]
    pub fn communs(&self) -> Api {
        Api::under("/communs/v1", self.stack.api())
    }

    #[must_use]
    pub fn droits(&self) -> Api {
        Api::under("/droits/v1", self.stack.api())
    }

    #[must_use]
    pub fn coop(&self) -> Api {
        Api::under("/coop/v1", self.stack.api())
    }
}
