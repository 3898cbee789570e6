//! The durable record of the queues and secrets: one SQLite file, written in groups.
//!
//! The engines keep their state in memory and that state alone answers reads. Every change is handed to
//! one writer thread, which gathers whatever is waiting into a single transaction: many callers share one
//! fsync, and a caller is answered only after the transaction that holds its change is on disk.

use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::{Connection, params};
use serde::Serialize;
use tokio::sync::oneshot;

use super::wire::WireError;

/// Most changes that share one transaction: bounds the time the first of them waits.
const GROUP_LIMIT: usize = 4_096;

/// A record as it is kept: its key, whose first segment is its kind, and a JSON document.
pub(super) type Record = (String, Vec<u8>);

/// The changes of one operation, collected while the state is locked.
#[derive(Debug)]
pub(super) struct Changes {
    /// Whether anybody keeps them: an engine in memory does not pay for describing its changes.
    kept: bool,
    list: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Put { key: String, value: Vec<u8> },
    Delete { key: String },
}

impl Changes {
    /// Creates or replaces the record at `key`, whose first segment is its kind.
    pub(super) fn put(&mut self, key: impl FnOnce() -> String, value: &impl Serialize) {
        if self.kept {
            // A record is a plain structure of ours with string keys: writing it to memory cannot fail.
            let value = serde_json::to_vec(value).unwrap_or_default();
            self.list.push(Change::Put { key: key(), value });
        }
    }

    /// Removes the record at `key`, if present.
    pub(super) fn delete(&mut self, key: impl FnOnce() -> String) {
        if self.kept {
            self.list.push(Change::Delete { key: key() });
        }
    }
}

/// Where changes go: nowhere for an engine in memory, or to the writer of a file.
#[derive(Debug)]
pub(super) struct Journal {
    writer: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    // Both are taken when the journal is dropped: the channel first, which ends the thread.
    groups: Option<mpsc::Sender<Group>>,
    thread: Option<JoinHandle<()>>,
}

/// The changes of one operation, and who waits for them.
struct Group {
    changes: Vec<Change>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Resolves when the changes of one operation are on disk.
#[must_use = "an operation is acknowledged only once its changes are durable"]
pub(super) struct Durable(Option<oneshot::Receiver<Result<(), String>>>);

impl Journal {
    /// A journal that keeps nothing.
    pub(super) fn memory() -> Self {
        Self { writer: None }
    }

    /// Opens the file and returns the journal with every record it holds.
    ///
    /// # Errors
    /// When the file cannot be opened, read or prepared.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Record>), rusqlite::Error> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        )?;
        let records = connection
            .prepare("SELECT key, value FROM records ORDER BY key")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let (groups, waiting) = mpsc::channel();
        let thread = std::thread::spawn(move || write_groups(connection, &waiting));
        let writer = Writer { groups: Some(groups), thread: Some(thread) };
        Ok((Self { writer: Some(writer) }, records))
    }

    /// Hands over the changes of one operation. The order on disk is the order of these calls, so the
    /// caller still holds the lock of the state it changed.
    pub(super) fn record(&self, changes: Changes) -> Durable {
        let Some(sender) = self.writer.as_ref().and_then(|writer| writer.groups.as_ref()) else {
            return Durable(None);
        };
        if changes.list.is_empty() {
            return Durable(None);
        }
        let (done, receiver) = oneshot::channel();
        // A send fails only after the writer stopped: the receiver then reports the loss.
        let _ = sender.send(Group { changes: changes.list, done });
        Durable(Some(receiver))
    }

    /// An empty list of changes, to be filled and recorded.
    pub(super) fn changes(&self) -> Changes {
        Changes { kept: self.writer.is_some(), list: Vec::new() }
    }
}

impl Durable {
    /// Waits until the changes are on disk.
    ///
    /// # Errors
    /// When the file refused them; every later change is refused too, so the caller may only retry
    /// after a restart.
    pub(super) async fn wait(self) -> Result<(), WireError> {
        let Some(receiver) = self.0 else { return Ok(()) };
        match receiver.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(WireError::internal(reason)),
            Err(_) => Err(WireError::internal("the journal is closed")),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.groups.take());
        if let Some(thread) = self.thread.take() {
            // What was handed over is written before the folder is released.
            let _ = thread.join();
        }
    }
}

fn write_groups(mut connection: Connection, waiting: &mpsc::Receiver<Group>) {
    // Once a write failed, memory is ahead of the file: nothing may be acknowledged any more.
    let mut broken: Option<String> = None;
    while let Ok(first) = waiting.recv() {
        let mut size = first.changes.len();
        let mut groups = vec![first];
        while size < GROUP_LIMIT
            && let Ok(next) = waiting.try_recv()
        {
            size += next.changes.len();
            groups.push(next);
        }
        if broken.is_none()
            && let Err(error) = write(&mut connection, &groups)
        {
            tracing::error!(%error, "the journal of the queues and secrets cannot be written");
            broken = Some(error.to_string());
        }
        for group in groups {
            // Nobody waits for the bookkeeping of a receive.
            let _ = group.done.send(broken.clone().map_or(Ok(()), Err));
        }
    }
}

fn write(connection: &mut Connection, groups: &[Group]) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    {
        let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO records (key, value) VALUES (?1, ?2)")?;
        let mut delete = transaction.prepare_cached("DELETE FROM records WHERE key = ?1")?;
        for change in groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Put { key, value } => put.execute(params![key, value])?,
                Change::Delete { key } => delete.execute(params![key])?,
            };
        }
    }
    transaction.commit()
}
