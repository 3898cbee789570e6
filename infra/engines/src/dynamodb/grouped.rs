//! A database on file, worked by one thread: calls that wait at the same time share one fsync.
//!
//! SQLite commits each call to its write-ahead log without waiting for the disk (`synchronous = NORMAL`); the thread
//! then waits for the disk once for all the calls it found waiting, and only then answers them. So what was answered
//! is on disk, a read included that saw what another call of the group wrote, and a busy engine pays one fsync for
//! many calls.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use dynoxide::{Database, DynoxideError};
use tokio::sync::oneshot;

/// Most calls that share one fsync: bounds the time the first of them waits.
const GROUP_LIMIT: usize = 256;

/// The thread that works a database on file.
pub(super) struct Grouped {
    // Both are taken when it is dropped: the channel first, which ends the thread.
    calls: Option<mpsc::Sender<Call>>,
    thread: Option<JoinHandle<()>>,
}

/// One call: its work, which returns what answers its caller.
struct Call {
    work: Box<dyn FnOnce(&Database) -> Answer + Send>,
    writes: bool,
}

/// Tells the caller, once what it is told is on disk.
type Answer = Box<dyn FnOnce(Result<(), String>) + Send>;

impl Grouped {
    /// Opens the database at `path`.
    ///
    /// # Errors
    /// When the file cannot be opened or is not a database.
    pub(super) fn open(path: &Path) -> Result<Self, DynoxideError> {
        let database = Database::new(&path.to_string_lossy())?;
        // The name dates from its other use: it is what sets `synchronous = NORMAL`.
        database.disable_bulk_loading()?;
        let log = write_ahead_log(path);
        let (calls, waiting) = mpsc::channel();
        let thread = std::thread::spawn(move || work(&database, &log, &waiting));
        Ok(Self { calls: Some(calls), thread: Some(thread) })
    }

    /// Has the thread do `work`, and answers when its outcome is on disk. A caller that gives up does not stop it.
    ///
    /// # Errors
    /// When the disk refused it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        writes: bool,
        work: impl FnOnce(&Database) -> T + Send + 'static,
    ) -> Result<T, DynoxideError> {
        let (done, answered) = oneshot::channel();
        let work = Box::new(move |database: &Database| {
            let outcome = work(database);
            let answer: Answer = Box::new(move |kept: Result<(), String>| {
                // Nobody may be waiting any more.
                let _ = done.send(kept.map(|()| outcome));
            });
            answer
        });
        let ended = || DynoxideError::InternalServerError("the database is closed".to_owned());
        let calls = self.calls.as_ref().ok_or_else(ended)?;
        calls.send(Call { work, writes }).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?.map_err(DynoxideError::InternalServerError)
    }
}

impl Drop for Grouped {
    fn drop(&mut self) {
        drop(self.calls.take());
        if let Some(thread) = self.thread.take() {
            // What was handed over is written before the folder is released.
            let _ = thread.join();
        }
    }
}

fn write_ahead_log(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn work(database: &Database, log: &Path, waiting: &mpsc::Receiver<Call>) {
    // Once the disk failed, what SQLite shows may not be there after a crash: nothing is acknowledged any more.
    let mut broken: Option<String> = None;
    let mut file = None;
    while let Ok(first) = waiting.recv() {
        let mut unsynced = Vec::new();
        let mut next = Some(first);
        while let Some(call) = next {
            // A panic of one call must not end the thread: its caller finds its channel closed.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (call.work)(database)));
            if let Ok(answer) = done {
                if call.writes || !unsynced.is_empty() {
                    unsynced.push(answer);
                } else {
                    answer(broken.clone().map_or(Ok(()), Err));
                }
            }
            next = if unsynced.len() < GROUP_LIMIT { waiting.try_recv().ok() } else { None };
        }
        if unsynced.is_empty() {
            continue;
        }
        if broken.is_none()
            && let Err(error) = sync(&mut file, log)
        {
            tracing::error!(%error, "the tables cannot be written");
            broken = Some(error.to_string());
        }
        for answer in unsynced {
            answer(broken.clone().map_or(Ok(()), Err));
        }
    }
}

/// Waits until the log is on disk. It stays the same file while the database is open.
fn sync(file: &mut Option<File>, log: &Path) -> std::io::Result<()> {
    match file {
        Some(file) => file.sync_data(),
        None => file.insert(File::open(log)?).sync_data(),
    }
}
