//! What the demonstration is played on: a stack in memory behind a real loopback port, and real receivers.

use std::fmt;
use std::net::Ipv4Addr;

use passerelle::platform::clock::Clock;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Method};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{CAMILLE, DemoError, shown};
use crate::receivers::{Inboxes, Received};
use crate::services::Register;
use crate::stack::{Stack, StackOptions};
use engines::Storage;

/// The stage, served until dropped.
pub(super) struct Scene {
    stack: Stack,
    inboxes: Inboxes,
    register: Register,
    client: Client,
    base_url: String,
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
        let router = inboxes.router().fallback_service(stack.api());
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the demonstration is no longer served");
            }
        });
        let mut register = Register::default();
        register.complete(&stack, &base_url, &inboxes, &|_: &Register| Ok(())).await.map_err(|error| failed(&error))?;
        let client = Client::builder().no_proxy().build().map_err(|error| failed(&error))?;
        Ok(Self { stack, inboxes, register, client, base_url, server })
    }

    /// Calls the API as `service`, on behalf of Camille.
    pub(super) async fn call(
        &self,
        service: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, DemoError> {
        let request = format!("{} : {method} {path}", shown(service));
        let failed = |error: &dyn fmt::Display| DemoError::new(format!("{request} : pas de réponse ({error})"));
        let key = self.register.get(service).map_or("", |known| known.projects_key.as_str());
        let method: Method = method.parse().map_err(|error| failed(&error))?;
        let mut call = self
            .client
            .request(method, format!("{}/communs/v1{path}", self.base_url))
            .header(AUTHORIZATION, format!("Bearer {key}"))
            .header("X-User-Email", CAMILLE);
        if let Some(body) = body {
            call = call.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = call.send().await.map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| failed(&error))?;
        Ok(Answer { request, status, body: serde_json::from_str(&text).unwrap_or_default() })
    }

    /// Delivers everything due and answers what arrived, in a stable order.
    pub(super) async fn deliver(&self) -> Result<Vec<Notice>, DemoError> {
        self.stack.drain().await.map_err(|error| DemoError::new(error.to_string()))?;
        let refused = self.inboxes.refused();
        if refused > 0 {
            return Err(DemoError::new(format!("{refused} webhook(s) sans signature valable")));
        }
        let mut notices: Vec<_> = self
            .inboxes
            .take()
            .iter()
            .flat_map(|(service, received)| received.iter().map(|received| Notice::of(service, received)))
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

    fn of(service: &str, received: &Received) -> Self {
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
        write!(f, "{} reçoit {kind} : {statut}, affiché « {label} »", shown(service))
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
