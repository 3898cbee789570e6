//! The whole of Passerelle in one process: engines, resources of the template, functions, and what invokes them.

mod background;
mod functions;
mod provision;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sqs::config::StalledStreamProtectionConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use axum::Router;
use domain::api_key::Scope;
use passerelle::platform::clock::Clock;
use serde_json::Value;

pub use background::Background;

use self::functions::Surroundings;
use crate::runtime::{
    Feed, Gateway, GatewayError, InvocationError, LocalFunction, Mapping, MappingError, Permissions, ScheduledRun,
    Used, guarded, invoke, table_arn,
};
use engines::{Engines, OpenError, Storage};
use sam_template::{Function, Names, Template, TemplateError, When};

/// Rounds after which a stack that still finds work is taken to go in circles.
const DRAIN_ROUNDS: usize = 1_000;

/// What a stack is started with.
pub struct StackOptions {
    /// Where the engines keep their state.
    pub storage: Storage,
    /// The one source of time of engines and functions.
    pub clock: Clock,
    /// Variables that take the place of the template's, in every function that has them: where other people's APIs
    /// are, and settings of a test.
    pub variables: BTreeMap<String, String>,
}

impl StackOptions {
    /// A stack with the template's own settings. Other people's APIs are nowhere: the local stack never asks the real
    /// ones.
    #[must_use]
    pub fn new(storage: Storage, clock: Clock) -> Self {
        let nowhere =
            ["PORTAIL_DF_URL", "DATASPACE_URL", "BREVO_URL"].map(|name| (name.to_owned(), NOWHERE.to_owned()));
        Self { storage, clock, variables: nowhere.into() }
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

/// Why the stack could not do what was asked. Messages are one French sentence.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The engines could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The template was not understood.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A resource of the template could not be created.
    #[error("création de {resource} impossible : {detail}")]
    Provision {
        /// Logical id.
        resource: String,
        /// What the engine answered.
        detail: String,
    },
    /// The data were written with another template.
    #[error(
        "la table {0} enregistrée n'a pas les clés ni les index de template.yaml : supprimez le dossier de données"
    )]
    TableChanged(String),
    /// A function could not be started.
    #[error("démarrage de la fonction {function} impossible : {detail}")]
    Function {
        /// Logical id.
        function: String,
        /// Its own error.
        detail: String,
    },
    /// The template asks of a function what its code does not offer.
    #[error("la fonction {function} ne répond pas aux événements « {event} » de template.yaml")]
    NoHandler {
        /// Logical id.
        function: String,
        /// `HttpApi`, `SQS` or `Schedule`.
        event: &'static str,
    },
    /// A function's role does not let Lambda read its queue.
    #[error("le rôle de {function} n'autorise pas {action} sur {resource}")]
    NotAllowed {
        /// Logical id.
        function: String,
        /// What is missing.
        action: &'static str,
        /// ARN.
        resource: String,
    },
    /// A route of the template was not understood.
    #[error("template.yaml : {0}")]
    Route(#[from] GatewayError),
    /// An API key could not be issued.
    #[error("création d'une clé pour {service} impossible : {detail}")]
    IssueKey {
        /// Service.
        service: String,
        /// What went wrong.
        detail: String,
    },
    /// A scheduled function failed.
    #[error("exécution de {function} impossible : {detail}")]
    Scheduled {
        /// Logical id.
        function: String,
        /// Its own error.
        detail: String,
    },
    /// A queue could not be read.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// Draining never came to an end.
    #[error("la pile trouve toujours du travail après {DRAIN_ROUNDS} tours")]
    Endless,
}

impl Stack {
    /// Opens the engines, creates what the template asks for and starts every function.
    ///
    /// # Errors
    /// When storage, template, resources or a function's configuration do not allow it.
    pub async fn start(options: StackOptions) -> Result<Self, StackError> {
        let StackOptions { storage, clock, variables: own } = options;
        let template = Template::parse(sam_template::EMBEDDED)?;
        let engines = Engines::open(storage, {
            let clock = clock.clone();
            move || clock.now()
        })?;
        let sdk = engines.sdk_config().into_builder().timeout_config(passerelle::platform::aws::timeouts()).build();
        let names = provision::provision(&template, &sdk, &clock).await?;
        let variables = variables(&template, &names, &own)?;
        let permissions = permissions(&template, &names)?;
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
        let mappings = mappings(&template, &names, &functions, &permissions, &sdk)?;
        let gateway = gateway(&template, &functions)?;
        for function in template.functions.iter().filter(|function| !function.schedules.is_empty()) {
            offered(&functions, function, "Schedule", |local| local.scheduled.clone())?;
        }
        let parts = Parts { engines, sdk, clock, template, variables, functions, mappings, gateway, used };
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
        used.iter().map(|(action, arn)| format!("{action} {}", in_variables(arn, &variables))).collect()
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

    /// Invokes a scheduled function once, by logical id.
    ///
    /// # Errors
    /// When there is no such function, or it fails.
    pub async fn run_schedule(&self, function: &str) -> Result<(), StackError> {
        self.scheduled(function, Value::Null).await.map(drop)
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
        match invoke(handler(input), limit).await {
            Ok(Ok(run)) => Ok(run),
            Ok(Err(detail)) => Err(failed(detail)),
            Err(error @ (InvocationError::Panicked | InvocationError::TimedOut)) => Err(failed(error.to_string())),
        }
    }

    /// Delivers everything due now, by the stack's clock: empties the queues and sweeps the outboxes until neither
    /// finds anything; what a clock schedules is left to it. For stacks that do not run in the background; the clock may stand still.
    ///
    /// # Errors
    /// When the sweeper fails, a queue cannot be read, or work never ends.
    pub async fn drain(&self) -> Result<(), StackError> {
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
            if moved + swept == 0 {
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

/// The environment of each function. The local stack differs from the template in two ways: receivers on loopback are
/// allowed, since that is where a developer's receivers are, and the variables of `own` take the place of its own.
fn variables(
    template: &Template,
    names: &Names,
    own: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, TemplateError> {
    let environment = |function: &Function| {
        let mut variables = function
            .environment
            .iter()
            .map(|(name, value)| Ok((name.clone(), value.resolve(names)?)))
            .collect::<Result<BTreeMap<_, _>, TemplateError>>()?;
        if let Some(loopback) = variables.get_mut("WEBHOOK_LOOPBACK") {
            "allowed".clone_into(loopback);
        }
        for (name, value) in own {
            if let Some(variable) = variables.get_mut(name) {
                variable.clone_from(value);
            }
        }
        Ok((function.name.clone(), variables))
    };
    template.functions.iter().map(environment).collect()
}

/// The variable that names a resource to its function; the ARN itself when none does.
fn in_variables(arn: &str, variables: &BTreeMap<String, String>) -> String {
    let named = |value: &String| {
        let rest = arn.strip_prefix(table_arn(value).as_str()).or_else(|| arn.strip_prefix(value.as_str()))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    let queue = |value: &String| value.starts_with("http") && value.rsplit('/').next() == arn.rsplit(':').next();
    variables
        .iter()
        .find_map(|(name, value)| {
            named(value).or_else(|| queue(value).then_some("")).map(|rest| format!("{name}{rest}"))
        })
        .unwrap_or_else(|| arn.to_owned())
}

/// What each function's role allows; nothing where it has none.
fn permissions(template: &Template, names: &Names) -> Result<BTreeMap<String, Permissions>, TemplateError> {
    let allowed = |function: &Function| {
        let role = template.roles.iter().find(|role| Some(&role.name) == function.role.as_ref());
        let allowed = role.map(|role| Permissions::of(role, names)).transpose()?.unwrap_or_default();
        Ok((function.name.clone(), allowed))
    };
    template.functions.iter().map(allowed).collect()
}

fn mappings(
    template: &Template,
    names: &Names,
    functions: &BTreeMap<String, LocalFunction>,
    permissions: &BTreeMap<String, Permissions>,
    sdk: &SdkConfig,
) -> Result<Vec<Mapping>, StackError> {
    // A long poll in which nothing happens for twenty seconds is neither late nor stalled.
    let patient = aws_sdk_sqs::config::Builder::from(sdk)
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    let client = aws_sdk_sqs::Client::from_conf(patient);
    let region = sdk.region().map(ToString::to_string).unwrap_or_default();
    let mut mappings = Vec::new();
    for function in &template.functions {
        for source in &function.sources {
            let queue_arn = source.queue.resolve(names)?;
            // Lambda reads the queue under the function's role.
            let missing = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
                .into_iter()
                .find(|action| !permissions.get(&function.name).is_some_and(|p| p.allow(action, &queue_arn)));
            if let Some(action) = missing {
                return Err(StackError::NotAllowed { function: function.name.clone(), action, resource: queue_arn });
            }
            let queue = queue_arn.rsplit(':').next().unwrap_or_default();
            let feed = Feed {
                name: function.name.clone(),
                queue_url: sam_template::Expression::Ref(queue.to_owned()).resolve(names)?,
                region: region.clone(),
                source: source.clone(),
                function: offered(functions, function, "SQS", |local| local.batch.clone())?,
                limit: function.timeout,
                queue_arn,
            };
            mappings.push(Mapping::new(client.clone(), feed));
        }
    }
    Ok(mappings)
}

fn gateway(template: &Template, functions: &BTreeMap<String, LocalFunction>) -> Result<Gateway, StackError> {
    let mut routes = Vec::new();
    for function in &template.functions {
        for route in &function.routes {
            routes.push((route, offered(functions, function, "HttpApi", |local| local.http.clone())?));
        }
    }
    Ok(Gateway::new(routes)?)
}

/// The way into `function` that the template's `event` needs.
fn offered<T>(
    functions: &BTreeMap<String, LocalFunction>,
    function: &Function,
    event: &'static str,
    way: impl Fn(&LocalFunction) -> Option<T>,
) -> Result<T, StackError> {
    functions
        .get(&function.name)
        .and_then(way)
        .ok_or_else(|| StackError::NoHandler { function: function.name.clone(), event })
}
