//! What a scenario is played on: a stack with its three webhooks, and the sink they point at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::WRITER;
use crate::book::SinkBook;
use crate::failure::Failure;
use crate::load::{Order, USER, Workload};
use crate::process::{Kept, Process, StackProcess, Usage};
use crate::sink::{Count, Manner, Settings};

/// The demonstration services of `passerelle serve`; each comes with a webhook to an inbox of the stack itself.
const DEMONSTRATION: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// The stage. Dropping it ends the processes too, but does not wait for them before it removes the folder.
pub(crate) struct Setting {
    program: PathBuf,
    kept: Kept,
    http: reqwest::Client,
    stack: Option<StackProcess>,
    sink: Process,
    sink_url: String,
    folder: TempDir,
}

impl Setting {
    /// Starts a sink and a fresh stack, with no webhook at all.
    pub(crate) async fn set(program: &Path, place: &Path, kept: Kept) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in(place)
            .map_err(|error| Failure::io(format!("création d'un dossier dans {}", place.display()), error))?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(|source| Failure::Http { request: "préparation du client HTTP".to_owned(), source })?;
        let mut sink = Process::helper("sink")?;
        let sink_url = sink.greeting().await?;
        let mut setting = Self { program: program.to_owned(), kept, http, stack: None, sink, sink_url, folder };
        setting.restart_stack().await?;
        Ok(setting)
    }

    /// Starts the stack on the folder as it is, and removes the demonstration webhooks: their receivers live in the
    /// stack and would be measured with it.
    pub(crate) async fn restart_stack(&mut self) -> Result<(), Failure> {
        self.start_stack(&[]).await?;
        for service in DEMONSTRATION {
            let list = self.api(Method::GET, service, "/webhooks", None).await?;
            let items = list["items"].as_array().into_iter().flatten();
            let inboxes = items.filter(|item| item["url"].as_str().is_some_and(|url| url.contains("/inbox/")));
            for id in inboxes.filter_map(|item| item["id"].as_str()) {
                self.api(Method::DELETE, service, &format!("/webhooks/{id}"), None).await?;
            }
        }
        Ok(())
    }

    /// Starts the stack on the folder as it is, with these faults.
    pub(crate) async fn start_stack(&mut self, faults: &[String]) -> Result<(), Failure> {
        self.stack = Some(StackProcess::start(&self.program, self.folder.path(), self.kept, faults).await?);
        Ok(())
    }

    /// Waits, up to `patience`, until the stack ends by itself, and forgets it if it did. Whether it did.
    pub(crate) async fn stack_ended(&mut self, patience: Duration) -> bool {
        let Some(stack) = &mut self.stack else { return true };
        let ended = stack.ended(patience).await;
        if ended {
            self.stack = None;
        }
        ended
    }

    /// The version of a project the API has now; `None` when it has no such project.
    pub(crate) async fn version(&self, project: &str) -> Result<Option<u64>, Failure> {
        match self.api(Method::GET, WRITER, &format!("/projects/{project}"), None).await {
            Ok(project) => Ok(project["version"].as_u64()),
            Err(Failure::Refused { answer, .. }) if answer.starts_with("404") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// `kill -9`.
    pub(crate) async fn kill_stack(&mut self) -> Result<(), Failure> {
        match self.stack.take() {
            Some(stack) => stack.kill().await,
            None => Ok(()),
        }
    }

    /// Ends the processes and removes the folder.
    pub(crate) async fn strike(mut self) -> Result<(), Failure> {
        self.kill_stack().await?;
        self.sink.kill().await?;
        self.folder.close().map_err(|error| Failure::io("suppression du dossier de données", error))
    }

    /// Gives `service` a webhook to the sink, which answers it as told.
    pub(crate) async fn subscribe(&self, service: &str, manner: Manner) -> Result<(), Failure> {
        let url = format!("{}/hooks/{service}", self.sink_url);
        let webhook = self.api(Method::POST, service, "/webhooks", Some(json!({ "url": url }))).await?;
        let secret = webhook["secret"].as_str().unwrap_or_default().to_owned();
        let settings = json!(Settings { secret, manner });
        let request = self.http.put(format!("{}/receivers/{service}", self.sink_url)).body(settings.to_string());
        answered(&format!("PUT /receivers/{service}"), request).await.map(drop)
    }

    /// Sets clients to work on the API.
    pub(crate) async fn order(
        &self,
        workload: Workload,
        clients: usize,
        rate: Option<u32>,
        seconds: u32,
    ) -> Result<Process, Failure> {
        let stack = self.running()?;
        let (api, key) = (stack.api().to_owned(), stack.key(WRITER)?.to_owned());
        let mut process = Process::helper("load")?;
        process.tell(&json!(Order { api, key, workload, clients, rate, seconds }).to_string()).await?;
        Ok(process)
    }

    /// How much the sink has received.
    pub(crate) async fn count(&self) -> Result<Count, Failure> {
        self.shown("/count").await
    }

    /// All the sink has received.
    pub(crate) async fn book(&self) -> Result<SinkBook, Failure> {
        self.shown("/book").await
    }

    /// What stack and sink have used.
    pub(crate) fn usage(&self) -> (Usage, Usage) {
        (self.stack.as_ref().map(StackProcess::usage).unwrap_or_default(), self.sink.usage())
    }

    async fn shown<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let bytes = answered(&format!("GET {path}"), self.http.get(format!("{}{path}", self.sink_url))).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::process("bench sink", format!("{path} illisible : {error}")))
    }

    async fn api(&self, method: Method, service: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let stack = self.running()?;
        let mut request = self
            .http
            .request(method.clone(), format!("{}/communs/v1{path}", stack.api()))
            .header(AUTHORIZATION, format!("Bearer {}", stack.sync_key(service)?))
            .header("x-user-email", USER);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let bytes = answered(&format!("{method} {path}"), request).await?;
        // A deletion answers nothing.
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn running(&self) -> Result<&StackProcess, Failure> {
        self.stack.as_ref().ok_or_else(|| Failure::process("passerelle", "arrêté"))
    }
}

/// The body of a 2xx answer.
async fn answered(name: &str, request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::Http { request: name.to_owned(), source };
    let answer = request.send().await.map_err(failed)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(failed)?;
    if status.is_success() {
        return Ok(body.to_vec());
    }
    Err(Failure::Refused { request: name.to_owned(), answer: format!("{status} {}", String::from_utf8_lossy(&body)) })
}
