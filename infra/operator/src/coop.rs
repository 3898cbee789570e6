//! What an operator does in coop: the nightly runs, and the end of a user.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::deployment::{Access, Call};

/// What to do in coop, in which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Coop {
    #[command(flatten)]
    pub access: Access,
    #[command(subcommand)]
    pub action: CoopAction,
}

/// What to do in coop.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum CoopAction {
    /// Shows the nightly runs, newest first.
    Runs,
    /// Resumes one that its guard has paused.
    Resume { run: Uuid },
    /// Deletes a user: no longer synchronised, and off Brevo's list.
    Delete { user: Uuid },
    /// Erases one: nothing is left of them.
    Erase { user: Uuid },
}

impl CoopAction {
    /// The call that does it.
    #[must_use]
    pub fn call(&self) -> Call {
        let call = |method, path: &[&str], tell| Call::new(method, ["coop", "v1"].iter().chain(path).copied(), tell);
        match self {
            Self::Runs => call(Method::GET, &["sync-runs"], describe_runs),
            Self::Resume { run } => {
                call(Method::POST, &["sync-runs", &run.to_string(), "resume"], |_| "synchronisation reprise".to_owned())
            }
            Self::Delete { user } => call(Method::DELETE, &["users", &user.to_string()], |_| {
                "utilisateur supprimé : il n'est plus synchronisé, son contact quitte la liste de Brevo".to_owned()
            }),
            Self::Erase { user } => call(Method::POST, &["users", &user.to_string(), "erase"], |_| {
                "utilisateur effacé : il n'en reste rien".to_owned()
            }),
        }
    }
}

/// Runs, a line each.
fn describe_runs(list: &Value) -> String {
    let runs: Vec<String> = list["items"].as_array().into_iter().flatten().map(describe_run).collect();
    if runs.is_empty() { "aucune synchronisation de nuit".to_owned() } else { runs.join("\n") }
}

fn describe_run(run: &Value) -> String {
    let text = |name: &str| run[name].as_str().unwrap_or("-").to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let status = match run["status"].as_str() {
        Some("running") => "en cours",
        Some("paused") => "en pause",
        Some("completed") => "terminée",
        _ => "?",
    };
    format!(
        "{} {} {status} : {} synchronisés sur {}, {} en échec, {} emplois supprimés sur {}",
        text("id"),
        text("startedAt"),
        number(&run["synced"]),
        number(&run["total"]),
        number(&run["failed"]),
        number(&run["emplois"]["removed"]),
        number(&run["emplois"]["seen"]),
    )
}
