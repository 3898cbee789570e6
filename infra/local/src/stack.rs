//! The whole of Passerelle in one process: engines, resources of the template, functions, and what invokes them.

mod background;
mod error;
mod functions;
mod provision;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use axum::Router;
use domain::api_key::Scope;
use engines::{Engines, Storage};
use passerelle::platform::clock::Clock;
use sam_template::{Template, When};
use serde_json::Value;

pub use background::Background;
pub use error::StackError;

use self::functions::Surroundings;
use crate::runtime::{Fate, Gateway, InvocationError, LocalFunction, Mapping, ScheduledRun, Used, guarded};

/// Rounds after which a stack that still finds work is taken to go in circles.
const DRAIN_ROUNDS: usize = 1_000;

/// An index that lags hides what is due from two rounds at most.
const IDLE_ROUNDS_UNKIND: usize = 3;

/// What a stack is started with.
pub struct StackOptions {
    /// Where the engines keep their state.
    pub storage: Storage,
    /// The one source of time of engines and functions.
    pub clock: Clock,
    /// Variables that take the place of the template's, in every function that has them: where other people's APIs
    /// are, and settings of a test.
    pub variables: BTreeMap<String, String>,
    /// The seed from which the engines draw what AWS may do to a caller; kind engines without it.
    pub unkind: Option<u64>,
    /// The seed from which is drawn when a process dies between two of its calls. What it leaves behind waits for a
    /// visibility timeout or a lease: this is for stacks whose clock moves on.
    pub deaths: Option<u64>,
}

impl StackOptions {
    /// A stack with the template's own settings. Other people's APIs are nowhere: the local stack never asks the real
    /// ones.
    #[must_use]
    pub fn new(storage: Storage, clock: Clock) -> Self {
        let nowhere =
            ["PORTAIL_DF_URL", "DATASPACE_URL", "BREVO_URL"].map(|name| (name.to_owned(), NOWHERE.to_owned()));
        Self { storage, clock, variables: nowhere.into(), unkind: None, deaths: None }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }
}

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

/// A running stack. Cheap to clone; nothing runs by itself before [`Stack::run_in_background`].
#[derive(Clone)]
pub struct Stack(Arc<Parts>);

struct Parts {
    fate: Fate,
    /// After how many rounds in a row that found nothing there is nothing.
    idle_rounds: usize,
    engines: Engines,
    sdk: SdkConfig,
    clock: Clock,
    template: Template,
    variables: BTreeMap<String, BTreeMap<String, String>>,
    functions: BTreeMap<String, LocalFunction>,
    mappings: Vec<Mapping>,
    gateway: Gateway,
    used: BTreeMap<String, Used>,
}

impl Stack {
    /// Opens the engines, creates what the template asks for and starts every function.
    ///
    /// # Errors
    /// When storage, template, resources or a function's configuration do not allow it.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let StackOptions { storage, clock, variables: own, unkind, deaths } = options;
        let fate = Fate::drawn_from(unkind, deaths);
        let template = Template::parse(sam_template::EMBEDDED)?;
        let engines = Engines::open(storage, {
            let clock = clock.clone();
            move || clock.now()
        })?;
        let sdk = engines.sdk_config().into_builder().timeout_config(passerelle::platform::aws::timeouts());
        let sdk = match unkind {
            // What AWS takes back within a second is taken back at once here.
            Some(_) => sdk.retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1))),
            None => sdk,
        };
        let sdk = sdk.build();
        let names = provision::provision(&template, &sdk, &clock).await?;
        let variables = wiring::variables(&template, &names, &own)?;
        let permissions = wiring::permissions(&template, &names)?;
        let used: BTreeMap<String, Used> =
            template.functions.iter().map(|function| (function.name.clone(), Used::default())).collect();
        let functions = functions::start(|name| Surroundings {
            sdk: guarded(
                &sdk,
                permissions.get(name).cloned().unwrap_or_default(),
                used.get(name).cloned().unwrap_or_default(),
            ),
            environment: variables.get(name).cloned().unwrap_or_default(),
            clock: clock.clone(),
            limit: template.functions.iter().find(|f| f.name == name).map(|f| f.timeout).unwrap_or_default(),
        })
        .await?;
        let mappings = wiring::mappings(&template, &names, &functions, &permissions, &sdk, &fate)?;
        let gateway = wiring::gateway(&template, &functions)?;
        for function in template.functions.iter().filter(|function| !function.schedules.is_empty()) {
            wiring::offered(&functions, function, "Schedule", |local| local.scheduled.clone())?;
        }
        if let Some(seed) = unkind {
            engines.be_unkind(seed)?;
        }
        let idle_rounds = if unkind.is_some() { IDLE_ROUNDS_UNKIND } else { 1 };
        let parts =
            Parts { fate, idle_rounds, engines, sdk, clock, template, variables, functions, mappings, gateway, used };
        Ok(Self(Arc::new(parts)))
    }

    /// The embedded engines.
    #[must_use]
    pub fn engines(&self) -> &Engines {
        &self.0.engines
    }

    /// The SDK configuration the functions use.
    #[must_use]
    pub fn sdk(&self) -> &SdkConfig {
        &self.0.sdk
    }

    /// The HTTP API: every function's routes.
    pub fn api(&self) -> Router {
        self.0.gateway.clone().router()
    }

    /// The functions, by logical id.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.0.variables.keys().map(String::as_str)
    }

    /// The resolved environment of one function, by logical id; empty for an unknown one.
    #[must_use]
    pub fn variables(&self, function: &str) -> BTreeMap<String, String> {
        self.0.variables.get(function).cloned().unwrap_or_default()
    }

    /// What one function, by logical id, called so far: `dynamodb:Query COMMUNS_TABLE/index/due`, each action of IAM
    /// with the variable that names its resource to the function.
    #[must_use]
    pub fn permissions_used(&self, function: &str) -> BTreeSet<String> {
        let variables = self.variables(function);
        let used = self.0.used.get(function).map(Used::all).unwrap_or_default();
        used.iter().map(|(action, arn)| format!("{action} {}", wiring::in_variables(arn, &variables))).collect()
    }

    /// Issues an API key for `service`; its text is shown here only.
    ///
    /// # Errors
    /// When the name is no service's, or the key cannot be stored.
    pub async fn issue_key(&self, service: &str, scope: Scope) -> Result<String, StackError> {
        let table = &self.variables("ProjectsApi")["COMMUNS_TABLE"];
        functions::issue_key(&self.0.sdk, table, service, scope, self.0.clock.now())
            .await
            .map_err(|detail| StackError::IssueKey { service: service.to_owned(), detail })
    }

    /// Issues an API key in the place of one whose text was lost: the oldest of the service and scope is revoked where
    /// there is room for no other.
    ///
    /// # Errors
    /// When the name is no service's, or the key cannot be stored.
    pub async fn replace_lost_key(&self, service: &str, scope: Scope) -> Result<String, StackError> {
        let table = &self.variables("ProjectsApi")["COMMUNS_TABLE"];
        functions::make_room_for_key(&self.0.sdk, table, service, scope)
            .await
            .map_err(|detail| StackError::IssueKey { service: service.to_owned(), detail })?;
        self.issue_key(service, scope).await
    }

    /// Invokes a scheduled function once, by logical id.
    ///
    /// # Errors
    /// When there is no such function, or it fails.
    pub async fn run_schedule(&self, function: &str) -> Result<(), StackError> {
        self.scheduled(function, Value::Null).await.map(drop)
    }

    /// Begins a run over all users of La Coop now, as an operator does by hand, whatever the night did.
    ///
    /// # Errors
    /// When the function fails.
    pub async fn sync_all(&self) -> Result<(), StackError> {
        self.scheduled("DataspaceSync", serde_json::json!({"job": "sync-all"})).await.map(drop)
    }

    /// Invokes once whatever the template schedules at the times of a clock.
    ///
    /// # Errors
    /// When a function fails.
    pub async fn run_nightly(&self) -> Result<(), StackError> {
        for function in &self.0.template.functions {
            let nightly = function.schedules.iter().filter(|schedule| matches!(schedule.when, When::At(_)));
            for schedule in nightly {
                self.scheduled(&function.name, schedule.input.clone()).await?;
            }
        }
        Ok(())
    }

    async fn scheduled(&self, function: &str, input: Value) -> Result<ScheduledRun, StackError> {
        let failed = |detail| StackError::Scheduled { function: function.to_owned(), detail };
        let (handler, limit) = self
            .0
            .functions
            .get(function)
            .and_then(|local| local.scheduled.clone())
            .zip(self.0.template.functions.iter().find(|f| f.name == function).map(|f| f.timeout))
            .ok_or_else(|| failed("aucune fonction planifiée de ce nom".to_owned()))?;
        let mut times = if self.0.fate.fires_twice() { 2 } else { 1 };
        let mut work = 0;
        loop {
            match self.0.fate.invoke(handler(input.clone()), limit).await {
                Ok(Ok(run)) => {
                    (times, work) = (times - 1, work + run.work);
                    if times == 0 {
                        return Ok(ScheduledRun { work, ..run });
                    }
                }
                Ok(Err(detail)) => return Err(failed(detail)),
                // What it left to do is found by the next run.
                Err(InvocationError::Died) => {}
                Err(error @ (InvocationError::Panicked | InvocationError::TimedOut)) => {
                    return Err(failed(error.to_string()));
                }
            }
        }
    }

    /// Delivers everything due now, by the stack's clock: empties the queues and sweeps the outboxes until neither
    /// finds anything; what a clock schedules is left to it. For stacks that do not run in the background; the clock may stand still.
    ///
    /// # Errors
    /// When the sweeper fails, a queue cannot be read, or work never ends.
    pub async fn drain(&self) -> Result<(), StackError> {
        let mut idle = 0;
        for _ in 0..DRAIN_ROUNDS {
            // Queues first: a retry whose message is there must not be found late by the sweeper and sent twice.
            let queues = self.0.mappings.iter().map(Mapping::drain);
            let moved: usize = futures_util::future::try_join_all(queues).await?.into_iter().sum();
            let mut swept = 0;
            for function in &self.0.template.functions {
                let paced = function.schedules.iter().filter(|schedule| matches!(schedule.when, When::Every(_)));
                for schedule in paced {
                    swept += self.scheduled(&function.name, schedule.input.clone()).await?.work;
                }
            }
            idle = if moved + swept == 0 { idle + 1 } else { 0 };
            if idle >= self.0.idle_rounds {
                return Ok(());
            }
        }
        Err(StackError::Endless)
    }

    /// Starts the pollers and schedules, until the handle is stopped or dropped.
    #[must_use]
    pub fn run_in_background(&self) -> Background {
        Background::start(self)
    }
}
