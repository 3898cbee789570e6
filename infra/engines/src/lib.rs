//! The embedded engines: DynamoDB, SQS and Secrets Manager inside this process.
//!
//! They speak the AWS JSON protocol to the unmodified AWS SDKs, in-process ([`Engines::sdk_config`]) or
//! over loopback HTTP ([`Engines::router`]), so the code under test is the code that runs on AWS. The
//! contract suite in `tests/integration/engines` holds them, and an emulator written by others, to the
//! behaviour of AWS.
//!
//! In a folder, what was acknowledged survives a crash of the process or of the machine. A message in
//! flight at that time is visible again at once, unless its consumer had set a deadline with
//! `ChangeMessageVisibility`: that deadline holds.

use std::path::PathBuf;
use std::sync::Arc;

use aws_config::SdkConfig;
use axum::Router;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use self::clock::Clock;
use self::dynamodb::DynamoDb;
use self::folder::Folder;
use self::journal::{Journal, Record};
use self::secrets::Secrets;
use self::sqs::Sqs;

mod clock;
mod dynamodb;
mod faults;
mod folder;
mod journal;
mod meter;
pub mod private;
mod secrets;
mod sqs;
mod transport;
mod unkind;
mod wire;

pub use faults::{Fault, Faults};
pub use folder::OpenError;
pub use meter::{Meter, Metered};
pub use wire::WireAnswer;

/// The region every engine pretends to be in.
pub const REGION: &str = "eu-west-3";

/// The account every engine pretends to belong to: no real one has this number.
pub const ACCOUNT: &str = "000000000000";

const DYNAMODB_FILE: &str = "dynamodb.sqlite";
const JOURNAL_FILE: &str = "queues-and-secrets.sqlite";

/// Where the engines keep their state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this process only: nothing survives it.
    Memory,
    /// In this folder, created if absent; what was acknowledged survives a crash.
    Directory(PathBuf),
}

/// The three engines, behind one handle that is cheap to clone.
///
/// A folder is released when the last clone is dropped, those held by SDK clients included.
#[derive(Clone)]
pub struct Engines {
    shared: Arc<Shared>,
}

// Fields are dropped in this order: the folder is released after the engines have written everything.
struct Shared {
    dynamodb: DynamoDb,
    sqs: Sqs,
    secrets: Secrets,
    faults: Faults,
    meter: Meter,
    _folder: Option<Folder>,
}

impl Engines {
    /// Opens the engines on `storage`, with `now` as their source of time.
    ///
    /// # Errors
    /// When the folder cannot be used, is damaged or is held by another process.
    pub fn open(storage: Storage, now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Result<Self, OpenError> {
        let clock = Clock::from_fn(now);
        let shared = match storage {
            Storage::Memory => Shared::in_memory(clock)?,
            Storage::Directory(path) => Shared::in_folder(path, clock)?,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Answers one call of the AWS JSON protocol (1.0 or 1.1), `target` being its `x-amz-target`.
    pub async fn call(&self, target: &str, body: Bytes) -> WireAnswer {
        let Some((service, operation)) = target.split_once('.') else {
            return transport::unknown_target(target);
        };
        match self.shared.faults.next(operation, &body) {
            None | Some(Fault::Pass) => self.dispatch(service, operation, body).await,
            Some(Fault::Kill) => {
                faults::kill().await;
                wire::WireError::internal("killed").into()
            }
            Some(Fault::KillAfter) => {
                let answer = self.dispatch(service, operation, body).await;
                faults::kill().await;
                answer
            }
            Some(Fault::Throttle) => faults::throttled(service),
            Some(Fault::Unprocessed) => faults::unprocessed(&body),
            Some(Fault::ThrottledTransaction) => faults::cancelled_by_throttle(&body),
            Some(Fault::Lag) => self.shared.dynamodb.query_late(body).await,
            Some(Fault::Partly) => self.partly(service, operation, body).await,
            Some(Fault::Forgotten) => faults::forgotten(operation, &body),
            Some(Fault::Revived) => {
                for revival in faults::revivals(&body) {
                    // One whose handle is too old would not have been deleted either.
                    let _ = self.dispatch(service, "ChangeMessageVisibility", revival).await;
                }
                faults::forgotten(operation, &body)
            }
            Some(Fault::LastFirst) => self.shared.sqs.receive_last_first(&body).await,
            Some(Fault::Conflict) => faults::conflicted(operation, &body),
            Some(Fault::ServerError) => wire::WireError::internal("injected fault").into(),
            Some(Fault::LostAnswer) => WireAnswer { lost: true, ..self.dispatch(service, operation, body).await },
            Some(Fault::Delay(pause)) => {
                tokio::time::sleep(pause).await;
                self.dispatch(service, operation, body).await
            }
        }
    }

    /// An SDK configuration whose calls stay in this process, with fake credentials.
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        transport::sdk_config(self.clone())
    }

    /// The same engines as a router, for separate processes; the caller binds it, on loopback only:
    /// nothing is authenticated.
    pub fn router(&self) -> Router {
        transport::router(self.clone())
    }

    /// The faults to inject, for tests of retry paths.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// From now on calls suffer what AWS may do to them, drawn from `seed`. There is no way back, and no second seed.
    ///
    /// # Errors
    /// When there is no room for the copy that lags.
    pub fn be_unkind(&self, seed: u64) -> Result<(), OpenError> {
        self.shared.dynamodb.lag().map_err(|error| OpenError::Memory { reason: error.to_string() })?;
        self.shared.faults.be_unkind(seed);
        Ok(())
    }

    /// What calls of DynamoDB cost, for tests that hold access paths to a budget.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// Deletes the DynamoDB items whose time to live is over, in slices beside other calls, and says how many; AWS does so on its own
    /// within days, this engine only here.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn sweep_expired_items(&self) -> Result<usize, SweepError> {
        self.shared.dynamodb.sweep_expired_items().await.map_err(SweepError)
    }

    async fn dispatch(&self, service: &str, operation: &str, body: Bytes) -> WireAnswer {
        match service {
            "DynamoDB_20120810" => self.metered(operation, body).await,
            "AmazonSQS" => self.shared.sqs.call(operation, body).await,
            "secretsmanager" => self.shared.secrets.call(operation, body).await,
            _ => transport::unknown_target(service),
        }
    }

    /// Does a part of a batch.
    async fn partly(&self, service: &str, operation: &str, body: Bytes) -> WireAnswer {
        let Some((part, left)) = faults::partial::split(operation, &body) else {
            return self.dispatch(service, operation, body).await;
        };
        let done = match part {
            Some(part) => Some(self.dispatch(service, operation, part).await),
            None => None,
        };
        faults::partial::answered(done, left)
    }

    async fn metered(&self, operation: &str, body: Bytes) -> WireAnswer {
        let (meter, dynamodb) = (&self.shared.meter, &self.shared.dynamodb);
        let Some((request, asking)) = meter.asking(&body) else { return dynamodb.call(operation, body).await };
        let answer = dynamodb.call(operation, asking).await;
        meter.record(operation, request, &answer);
        answer
    }
}

/// The sweep of expired items failed.
#[derive(Debug, thiserror::Error)]
#[error("expired items could not be swept")]
pub struct SweepError(#[source] dynoxide::DynoxideError);

impl Shared {
    fn in_memory(clock: Clock) -> Result<Self, OpenError> {
        let memory = |reason: String| OpenError::Memory { reason };
        let dynamodb = DynamoDb::memory(clock.clone()).map_err(|error| memory(error.to_string()))?;
        Self::assemble(dynamodb, Journal::memory(), &[], clock, None).map_err(memory)
    }

    fn in_folder(path: PathBuf, clock: Clock) -> Result<Self, OpenError> {
        let folder = Folder::hold(path)?;
        let records = folder.checked_file(JOURNAL_FILE)?;
        let tables = folder.checked_file(DYNAMODB_FILE)?;
        let damaged = |path: PathBuf| move |reason: String| OpenError::Damaged { path, reason };
        let dynamodb = DynamoDb::open(&tables, clock.clone()).map_err(|error| damaged(tables)(error.to_string()))?;
        let (journal, found) = Journal::open(&records).map_err(|error| damaged(records.clone())(error.to_string()))?;
        Self::assemble(dynamodb, journal, &found, clock, Some(folder)).map_err(damaged(records))
    }

    fn assemble(
        dynamodb: DynamoDb,
        journal: Journal,
        records: &[Record],
        clock: Clock,
        folder: Option<Folder>,
    ) -> Result<Self, String> {
        let journal = Arc::new(journal);
        Ok(Self {
            dynamodb,
            sqs: Sqs::open(clock.clone(), Arc::clone(&journal), records)?,
            secrets: Secrets::open(clock, journal, records)?,
            faults: Faults::default(),
            meter: Meter::default(),
            _folder: folder,
        })
    }
}
