//! API keys of services, in the table of a deployment: issued, listed, revoked.

use std::io::Write;

use aws_sdk_dynamodb::Client;
use chrono::Utc;
use clap::{Args, Subcommand, ValueEnum};
use domain::api_key::{KeyHash, Scope, Service, new_api_key};
use domain::instant;
use passerelle::store::communs::CommunsStore;

use crate::Failure;
use crate::process::unwritten;

/// What to do with the API keys of which deployment.
#[derive(Debug, PartialEq, Eq, Args)]
pub struct Keys {
    /// Table of the domain communs.
    #[arg(long, value_name = "TABLE")]
    pub table: String,
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with API keys.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum KeysAction {
    /// Issues one, shown once.
    Issue {
        /// Whose.
        #[arg(value_parser = parse_service)]
        service: Service,
        /// What it opens.
        #[arg(value_enum)]
        scope: ScopeName,
    },
    /// Shows the hashes of a service's keys.
    List {
        /// Whose.
        #[arg(value_parser = parse_service)]
        service: Service,
    },
    /// Revokes one.
    Revoke {
        /// As `list` shows it.
        #[arg(value_parser = parse_hash)]
        hash: KeyHash,
    },
}

/// A scope, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeName {
    /// Projects, on behalf of users.
    Projects,
    /// From server to server.
    Sync,
    /// Management.
    Manage,
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Projects => Self::Projects,
            ScopeName::Sync => Self::Sync,
            ScopeName::Manage => Self::Manage,
        }
    }
}

fn parse_service(text: &str) -> Result<Service, &'static str> {
    Service::parse(text).ok_or("a service name is 1 to 40 of a-z, 0-9 and -")
}

fn parse_hash(text: &str) -> Result<KeyHash, &'static str> {
    KeyHash::parse(text).ok_or("a hash is 64 hexadecimal digits")
}

pub(crate) async fn run(client: Client, keys: Keys, out: &mut impl Write) -> Result<(), Failure> {
    apply(&CommunsStore::new(client, keys.table), keys.action, out).await
}

/// Does what is asked of the keys in `store`.
///
/// # Errors
/// When the table fails, the service has two keys of the scope, or there is no such key.
pub async fn apply(store: &CommunsStore, action: KeysAction, out: &mut impl Write) -> Result<(), Failure> {
    let text = match action {
        KeysAction::Issue { service, scope } => issue(store, &service, scope.into()).await?,
        KeysAction::List { service } => list(store, &service).await?,
        KeysAction::Revoke { hash } => revoke(store, &hash).await?,
    };
    writeln!(out, "{text}").map_err(|error| unwritten(&error))
}

async fn issue(store: &CommunsStore, service: &Service, scope: Scope) -> Result<String, Failure> {
    if !service.may_hold(scope) {
        return Err(Failure::Arguments(format!(
            "« {service} » ne peut pas recevoir de clé de portée {} : manage est réservée à zlv, coop et exploitation, \
             et exploitation n'a que celle-là",
            scope.as_str()
        )));
    }
    let key = new_api_key(service, &rand::random());
    store.issue_key(&key, service, scope, Utc::now()).await.map_err(|error| Failure::of_table(&error))?;
    Ok(key.text)
}

async fn list(store: &CommunsStore, service: &Service) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for scope in Scope::ALL {
        for (hash, key) in store.keys_of(service, scope).await.map_err(|error| Failure::of_table(&error))? {
            lines.push(format!("{} {} {}", hash.as_str(), scope.as_str(), instant::text(key.created_at)));
        }
    }
    Ok(if lines.is_empty() { format!("{service} n'a pas de clé") } else { lines.join("\n") })
}

async fn revoke(store: &CommunsStore, hash: &KeyHash) -> Result<String, Failure> {
    if store.revoke_key(hash).await.map_err(|error| Failure::of_table(&error))? {
        Ok("clé révoquée : elle n'ouvre plus rien".to_owned())
    } else {
        Err(Failure::Arguments("aucune clé n'a cette empreinte (voir passerelle keys list)".to_owned()))
    }
}
