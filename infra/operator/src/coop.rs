//! What an operator does in coop: the nightly runs, and the end of a user.

use std::io::Write;

use clap::{Args, Subcommand};
use reqwest::{Method, Url};
use serde_json::Value;
use uuid::Uuid;

use crate::Failure;
use crate::deployment::Deployment;
use crate::process::unwritten;

/// What to do in coop, in which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Coop {
    /// Its address, without `/coop`.
    #[arg(long, value_name = "URL")]
    pub api: Url,
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

/// Does it, and tells the outcome.
///
/// # Errors
/// When the deployment does not answer, or refuses.
pub async fn run(deployment: &Deployment, action: CoopAction, out: &mut impl Write) -> Result<(), Failure> {
    let text = match action {
        CoopAction::Runs => {
            let list = deployment.call(Method::GET, &["coop", "v1", "sync-runs"]).await?;
            let runs: Vec<String> = list["items"].as_array().into_iter().flatten().map(describe).collect();
            if runs.is_empty() { "aucune synchronisation de nuit".to_owned() } else { runs.join("\n") }
        }
        CoopAction::Resume { run } => {
            deployment.call(Method::POST, &["coop", "v1", "sync-runs", &run.to_string(), "resume"]).await?;
            "synchronisation reprise".to_owned()
        }
        CoopAction::Delete { user } => {
            deployment.call(Method::DELETE, &["coop", "v1", "users", &user.to_string()]).await?;
            "utilisateur supprimé : il n'est plus synchronisé, son contact quitte la liste de Brevo".to_owned()
        }
        CoopAction::Erase { user } => {
            deployment.call(Method::POST, &["coop", "v1", "users", &user.to_string(), "erase"]).await?;
            "utilisateur effacé : il n'en reste rien".to_owned()
        }
    };
    writeln!(out, "{text}").map_err(|error| unwritten(&error))
}

/// A run on one line.
fn describe(run: &Value) -> String {
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
