//! The acceptance cases: read, played, judged. `tests/cases.rs` runs them, `tests/integration` tests this runner.
//!
//! Cases are data, in any language's reach: HTTP requests in, answers and webhooks out. Each is played on a fresh
//! in-memory stack with a clock of its own. A construct this runner does not know fails the case.

mod coop;
mod droits;
mod format;
mod given;
pub mod listed;
pub mod metrics;
pub mod permissions;
mod play;
mod pure;
mod short_names;
mod steps;
mod subscriptions;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::case_files::json_files;

pub use format::Case;
use format::Content;

/// What came of one case: nothing, or what differed.
pub type Outcome = Result<(), String>;

/// No case takes that long, hangs included.
const LONGEST: Duration = Duration::from_secs(180);

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    pub cases: Vec<Case>,
    /// Files that are no list of cases, and why.
    pub unreadable: Vec<(String, String)>,
}

impl Folder {
    /// Reads every case below `folder`, in the order of the files.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut read = Self::default();
        for file in json_files(folder)? {
            let aside = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_'));
            let fault = match serde_json::from_str(&std::fs::read_to_string(&file)?) {
                Ok(Value::Array(elements)) => {
                    read.cases.extend(elements.into_iter().map(Case::parse));
                    continue;
                }
                Ok(_) => "ce n'est pas une liste de cas".to_owned(),
                Err(error) => error.to_string(),
            };
            if !aside {
                read.unreadable.push((file.display().to_string(), fault));
            }
        }
        Ok(read)
    }
}

impl Case {
    /// Plays the case, on engines as unkind as the seed says, and answers what differed first.
    ///
    /// # Errors
    /// When anything did.
    pub async fn run(&self, unkind: Option<u64>) -> Outcome {
        match &self.content {
            Content::Pure { rule, input, expect } => pure::check(rule, input, expect),
            Content::Unknown(construct) => Err(construct.clone()),
            Content::Scenario(scenario) => {
                let unkind = unkind.map(|seed| self.seed_below(seed));
                tokio::time::timeout(LONGEST, steps::play(scenario, unkind))
                    .await
                    .unwrap_or_else(|_| Err(format!("pas fini après {} s", LONGEST.as_secs())))
            }
        }
    }

    /// The case's own seed under that of a run, so that it suffers the same whatever is played beside it.
    fn seed_below(&self, seed: u64) -> u64 {
        let mut hasher = DefaultHasher::new();
        (seed, &self.id).hash(&mut hasher);
        hasher.finish()
    }
}
