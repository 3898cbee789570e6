//! What the example flow is played on: a stack in memory, and real receivers behind a loopback port.

use std::fmt;
use std::net::Ipv4Addr;

use axum::http::Method;
use engines::Storage;
use passerelle::platform::clock::Clock;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::DemoError;
use super::inbox::{Inboxes, Received};
use super::registry::ServiceRegistry;
use crate::caller::Caller;
use crate::stack::{Stack, StackOptions};

/// What a visitor of every service would call himself.
pub(super) const CAMILLE: &str = "camille.martin@ville.example";

/// The stage, served until dropped.
pub(super) struct Scene {
    stack: Stack,
    inboxes: Inboxes,
    registry: ServiceRegistry,
    server: JoinHandle<()>,
}

/// A webhook as the story tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Notice {
    service: String,
    kind: String,
    statut: String,
    statut_natif: Option<String>,
}

/// An answer of the API.
pub(super) struct Answer {
    request: String,
    status: u16,
    body: Value,
}

impl Scene {
    /// Starts the stack, serves it and registers the services.
    pub(super) async fn set() -> Result<Self, DemoError> {
        let clock = Clock::system();
        let failed = |error: &dyn fmt::Display| DemoError::new(format!("mise en place impossible : {error}"));
        let stack =
            Stack::start(StackOptions::new(Storage::Memory, clock.clone())).await.map_err(|error| failed(&error))?;
        let inboxes = Inboxes::new(clock);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
        let base_url = format!("http://{}", listener.local_addr().map_err(|error| failed(&error))?);
        let router = inboxes.router();
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the demonstration is no longer served");
            }
        });
        let mut registry = ServiceRegistry::default();
        let unsaved = |_: &ServiceRegistry| Ok(());
        registry.complete(&stack, &base_url, &inboxes, &unsaved).await.map_err(|error| failed(&error))?;
        Ok(Self { stack, inboxes, registry, server })
    }

    /// Calls the API as `service`, on behalf of Camille.
    pub(super) async fn call(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, DemoError> {
        let request = format!("{} : {method} {path}", display_name(service));
        let key = self.registry.get(service).and_then(|known| known.projects_key.clone());
        let caller = Caller::new(self.stack.api(), key).on_behalf_of(CAMILLE);
        let path = format!("/communs/v1{path}");
        let answer = caller.send(method, &path, body.as_ref()).await.map_err(DemoError::from_error)?;
        Ok(Answer { request, status: answer.status.as_u16(), body: answer.json() })
    }

    /// Delivers everything due and answers what arrived, in a stable order.
    pub(super) async fn deliver(&self) -> Result<Vec<Notice>, DemoError> {
        self.stack.drain().await.map_err(DemoError::from_error)?;
        let refused = self.inboxes.refused();
        if refused > 0 {
            return Err(DemoError::new(format!("{refused} webhook(s) sans signature valable")));
        }
        let mut notices: Vec<_> = self
            .inboxes
            .take()
            .iter()
            .flat_map(|(service, received)| received.iter().map(|received| Notice::from_received(service, received)))
            .collect();
        notices.sort();
        Ok(notices)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Notice {
    pub(super) fn new(service: &str, kind: &str, statut: &str, statut_natif: Option<&str>) -> Self {
        Self {
            service: service.to_owned(),
            kind: kind.to_owned(),
            statut: statut.to_owned(),
            statut_natif: statut_natif.map(str::to_owned),
        }
    }

    fn from_received(service: &str, received: &Received) -> Self {
        let text = |pointer: &str| received.body.pointer(pointer).and_then(Value::as_str);
        let kind = text("/type").unwrap_or_default();
        let statut = text("/data/project/statut").unwrap_or_default();
        Self::new(service, kind, statut, text("/data/project/statutNatif"))
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, kind, statut, statut_natif } = self;
        let label = statut_natif.as_deref().unwrap_or(statut);
        write!(f, "{} reçoit {kind} : {statut}, affiché « {label} »", display_name(service))
    }
}

impl Answer {
    /// Goes on if the status is as expected.
    pub(super) fn expect_status(self, status: u16) -> Result<Self, DemoError> {
        if self.status == status {
            return Ok(self);
        }
        Err(DemoError::new(format!("{} : attendu {status}, reçu {} {}", self.request, self.status, self.body)))
    }

    /// Goes on if the body has `value` at `pointer`.
    pub(super) fn expect(self, pointer: &str, value: impl Into<Value>) -> Result<Self, DemoError> {
        let (expected, found) = (value.into(), self.body.pointer(pointer).unwrap_or(&Value::Null));
        if *found == expected {
            return Ok(self);
        }
        Err(DemoError::new(format!("{} : {pointer} attendu {expected}, reçu {found}", self.request)))
    }

    /// The text at `pointer`.
    pub(super) fn text(&self, pointer: &str) -> Result<String, DemoError> {
        let text = self.body.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| DemoError::new(format!("{} : {pointer} absent", self.request)))
    }
}

/// A service as people write it.
pub(super) fn display_name(service: &str) -> &str {
    match service {
        "mec" => "MEC",
        "tet" => "TeT",
        "recoco" => "Recoco",
        "aides-territoires" => "Aides-territoires",
        other => other,
    }
}
