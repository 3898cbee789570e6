//! The functions of the template, wired to the in-process SDK. The only place that names their crates.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use dataspace_sync::App as Coop;
use domain::api_key::{Scope, Service, new_api_key};
use futures_util::FutureExt as _;
use outbox_sweeper::Sweeper;
use passerelle::platform::clock::Clock;
use passerelle::platform::lambda::{Invocation, no_job};
use passerelle::store::communs::{CommunsStore, api_keys};
use projects_api::App;
use rights_checker::App as Rights;
use webhook_fanout::Fanout;

use super::StackError;
use crate::runtime::{LocalFunction, ScheduledRun};

/// What a function finds around it.
pub(super) struct Surroundings {
    /// Held to its role.
    pub(super) sdk: SdkConfig,
    /// Its variables.
    pub(super) environment: BTreeMap<String, String>,
    /// The stack's clock.
    pub(super) clock: Clock,
    /// How long an invocation of it may take.
    pub(super) limit: Duration,
}

/// Starts every function in its own surroundings and answers the ways into each, by logical id.
pub(super) async fn start(
    around: impl Fn(&str) -> Surroundings,
) -> Result<BTreeMap<String, LocalFunction>, StackError> {
    let (api, fanout, sweeper, rights, dataspace) = tokio::try_join!(
        projects_api(around("ProjectsApi")),
        webhook_fanout(around("WebhookFanout")),
        outbox_sweeper(around("OutboxSweeper")),
        rights_checker(around("RightsChecker")),
        dataspace_sync(around("DataspaceSync")),
    )?;
    let functions = [
        ("ProjectsApi", api),
        ("WebhookFanout", fanout),
        ("OutboxSweeper", sweeper),
        ("RightsChecker", rights),
        ("DataspaceSync", dataspace),
    ];
    Ok(functions.into_iter().map(|(name, function)| (name.to_owned(), function)).collect())
}

async fn projects_api(around: Surroundings) -> Result<LocalFunction, StackError> {
    let refused = refused("ProjectsApi");
    let config = projects_api::Config::read(|name| around.environment.get(name).cloned()).map_err(|e| refused(&e))?;
    let app = App::start(&around.sdk, config, around.clock).await.map_err(|e| refused(&e))?;
    Ok(LocalFunction { http: Some(projects_api::router(app)), ..LocalFunction::default() })
}

async fn webhook_fanout(around: Surroundings) -> Result<LocalFunction, StackError> {
    let refused = refused("WebhookFanout");
    let config = webhook_fanout::Config::read(|name| around.environment.get(name).cloned()).map_err(|e| refused(&e))?;
    let fanout = Arc::new(Fanout::start(&around.sdk, config, around.clock).await.map_err(|e| refused(&e))?);
    let batch = move |event| {
        let fanout = Arc::clone(&fanout);
        let invocation = Invocation::within("local".to_owned(), around.limit);
        async move { fanout.handle(event, invocation).await }.boxed()
    };
    Ok(LocalFunction { batch: Some(Arc::new(batch)), ..LocalFunction::default() })
}

async fn outbox_sweeper(around: Surroundings) -> Result<LocalFunction, StackError> {
    let refused = refused("OutboxSweeper");
    let config = outbox_sweeper::Config::read(|name| around.environment.get(name).cloned()).map_err(|e| refused(&e))?;
    let sweeper = Arc::new(Sweeper::new(&around.sdk, config, around.clock));
    let scheduled = move |event| {
        let sweeper = Arc::clone(&sweeper);
        async move {
            no_job(&event).map_err(|error| error.to_string())?;
            let report = sweeper.handle().await.map_err(|error| error.to_string())?;
            let work = report.events + report.retries + report.held;
            let report = serde_json::to_value(report).map_err(|error| error.to_string())?;
            Ok(ScheduledRun { report, work })
        }
        .boxed()
    };
    Ok(LocalFunction { scheduled: Some(Arc::new(scheduled)), ..LocalFunction::default() })
}

async fn rights_checker(around: Surroundings) -> Result<LocalFunction, StackError> {
    let refused = refused("RightsChecker");
    let config = rights_checker::Config::read(|name| around.environment.get(name).cloned()).map_err(|e| refused(&e))?;
    let app = Rights::start(&around.sdk, config, around.clock).await.map_err(|e| refused(&e))?;
    let (sending, sweeping, limit) = (app.clone(), app.clone(), around.limit);
    let batch = move |event| {
        let app = sending.clone();
        async move { app.mails().send_batch(event, Invocation::within("local".to_owned(), limit)).await }.boxed()
    };
    let scheduled = move |event| {
        let app = sweeping.clone();
        async move {
            no_job(&event).map_err(|error| error.to_string())?;
            let work = app.sweep().await.map_err(|error| error.to_string())?;
            Ok(ScheduledRun { report: serde_json::json!({"mails": work}), work })
        }
        .boxed()
    };
    Ok(LocalFunction {
        http: Some(rights_checker::router(app)),
        batch: Some(Arc::new(batch)),
        scheduled: Some(Arc::new(scheduled)),
    })
}

async fn dataspace_sync(around: Surroundings) -> Result<LocalFunction, StackError> {
    let refused = refused("DataspaceSync");
    let config = dataspace_sync::Config::read(|name| around.environment.get(name).cloned()).map_err(|e| refused(&e))?;
    let app = Coop::start(&around.sdk, config, around.clock).await.map_err(|e| refused(&e))?;
    let (handling, sweeping, limit) = (app.clone(), app.clone(), around.limit);
    let batch = move |event| {
        let app = handling.clone();
        async move { app.handle(event, Invocation::within("local".to_owned(), limit)).await }.boxed()
    };
    let scheduled = move |event| {
        let app = sweeping.clone();
        async move {
            let work = app.scheduled(&event).await.map_err(|error| error.to_string())?;
            Ok(ScheduledRun { report: serde_json::json!({"work": work}), work })
        }
        .boxed()
    };
    Ok(LocalFunction {
        http: Some(dataspace_sync::router(app)),
        batch: Some(Arc::new(batch)),
        scheduled: Some(Arc::new(scheduled)),
    })
}

fn refused(function: &str) -> impl Fn(&dyn Display) -> StackError {
    move |error| StackError::Function { function: function.to_owned(), detail: error.to_string() }
}

/// Issues an API key and answers its text.
pub(super) async fn issue_key(
    sdk: &SdkConfig,
    table: &str,
    service: &str,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<String, String> {
    let service = Service::parse(service).ok_or("nom de service invalide")?;
    let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), table.to_owned());
    let key = new_api_key(&service, &rand::random());
    store.issue_key(&key, &service, scope, now).await.map_err(|error| error.to_string())?;
    Ok(key.text)
}

/// Revokes the oldest key of a service and scope where there is room for no other.
pub(super) async fn make_room_for_key(sdk: &SdkConfig, table: &str, service: &str, scope: Scope) -> Result<(), String> {
    let service = Service::parse(service).ok_or("nom de service invalide")?;
    let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(sdk), table.to_owned());
    let mut active = store.keys_of(&service, scope).await.map_err(|error| error.to_string())?;
    if active.len() < usize::from(api_keys::SLOTS) {
        return Ok(());
    }
    active.sort_by_key(|(_, key)| key.created_at);
    if let Some((oldest, _)) = active.first() {
        store.revoke_key(oldest).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
