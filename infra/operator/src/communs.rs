//! What an operator asks of the communs.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::deployment::{Access, Call};

/// What to ask of the communs, in which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Communs {
    #[command(flatten)]
    pub access: Access,
    #[command(subcommand)]
    pub action: CommunsAction,
}

/// What to ask of the communs.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum CommunsAction {
    /// Shows the changes made in the name of an e-mail.
    Changes {
        email: String,
        /// Where the page before ended.
        #[arg(long, value_name = "CURSEUR")]
        after: Option<String>,
    },
}

impl CommunsAction {
    /// The call that does it.
    #[must_use]
    pub fn call(&self) -> Call {
        let Self::Changes { email, after } = self;
        let path = ["communs", "v1", "administration", "changes"];
        let call = Call::new(Method::POST, path, describe_changes).body(json!({"email": email}));
        match after {
            Some(cursor) => call.query("cursor", cursor.clone()),
            None => call,
        }
    }
}

/// Changes, a line each, and how to go on.
fn describe_changes(page: &Value) -> String {
    let projects = page["items"].as_array().into_iter().flatten();
    let mut lines: Vec<String> = projects.flat_map(describe_project).collect();
    match page["nextCursor"].as_str() {
        Some(cursor) => lines.push(format!("la suite : --after {cursor}")),
        None if lines.is_empty() => lines.push("aucun changement au nom de cette adresse".to_owned()),
        None => {}
    }
    lines.join("\n")
}

fn describe_project(project: &Value) -> Vec<String> {
    let id = project["projectId"].as_str().unwrap_or("-");
    project["changes"].as_array().into_iter().flatten().map(|change| describe_change(id, change)).collect()
}

fn describe_change(project: &str, change: &Value) -> String {
    let text = |name: &str| change[name].as_str().unwrap_or("-").to_owned();
    let fields: Vec<&str> = change["changed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (at, service, kind) = (text("at"), text("service"), text("type"));
    format!("{project} version {} {at} {service} {kind} : {}", change["version"], fields.join(", "))
}
