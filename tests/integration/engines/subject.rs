//! Who is held to a contract.

use std::path::PathBuf;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use engines::{Engines, REGION, Storage};
use uuid::Uuid;

/// One implementation, reached through the SDKs.
#[derive(Clone)]
pub(super) struct Subject {
    /// How failures name it.
    pub(super) name: &'static str,
    sdk: SdkConfig,
}

impl Subject {
    /// A client of its DynamoDB.
    pub(super) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// A client of its SQS.
    pub(super) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }

    /// A client of its Secrets Manager.
    pub(super) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.sdk)
    }

    /// Whether it is somebody else's: the place to list where that one is known to deviate from AWS.
    pub(super) fn is_external(&self) -> bool {
        self.name == "external"
    }
}

/// Holds every subject to a contract, one after the other, and names the one that breaks it.
pub(super) async fn on_every_subject<F>(contract: impl Fn(Subject) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if let Ok(url) = std::env::var("CONTRACT_ENDPOINT_URL") {
        return hold(Subject { name: "external", sdk: over_http(&url).await }, &contract).await;
    }
    let memory = open(Storage::Memory);
    hold(Subject { name: "memory", sdk: memory.sdk_config() }, &contract).await;

    let folder = TemporaryFolder::new();
    let kept = open(Storage::Directory(folder.path()));
    hold(Subject { name: "folder", sdk: kept.sdk_config() }, &contract).await;

    let (url, server) = serve(&open(Storage::Memory)).await;
    hold(Subject { name: "loopback", sdk: over_http(&url).await }, &contract).await;
    server.abort();
}

async fn hold<F>(subject: Subject, contract: &impl Fn(Subject) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let name = subject.name;
    if let Err(broken) = tokio::spawn(contract(subject)).await {
        panic!("the contract does not hold for `{name}`: {broken}");
    }
}

/// Engines on the machine's clock.
pub(super) fn open(storage: Storage) -> Engines {
    Engines::open(storage, chrono::Utc::now).expect("engines open")
}

/// Serves engines on a free port of the loopback.
pub(super) async fn serve(engines: &Engines) -> (String, tokio::task::JoinHandle<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = engines.router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
    (url, server)
}

/// The SDK as a separate process has it: HTTP, an endpoint and fake credentials.
pub(super) async fn over_http(url: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(Credentials::new("test", "test", None, None, "contract"))
        .endpoint_url(url)
        .load()
        .await
}

/// A name nobody else uses: an external subject is shared by every test.
pub(super) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}

/// A folder that is removed with this value.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(unique("passerelle-engines")))
    }

    pub fn path(&self) -> PathBuf {
        self.0.clone()
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The folder may never have been created.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
