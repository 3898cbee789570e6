//! API keys of services, in the table of a deployment: issued, listed, revoked.
//!
//! Region, credentials and endpoint come from the environment, as for every AWS tool.

use std::io::Write;

use chrono::Utc;
use domain::api_key::{KeyHash, Scope, Service, new_api_key};
use domain::instant;
use passerelle::store::communs::CommunsStore;

use super::arguments::{Keys, KeysAction};
use super::{Failure, table_failure};

/// Does what is asked of the keys.
pub(super) async fn keys(keys: Keys) -> Result<(), Failure> {
    let sdk = passerelle::platform::aws::load().await;
    let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(&sdk), keys.table);
    run(&store, keys.action, &mut std::io::stdout()).await
}

async fn run(store: &CommunsStore, action: KeysAction, out: &mut impl Write) -> Result<(), Failure> {
    let text = match action {
        KeysAction::Issue { service, scope } => issue(store, &service, scope.into()).await?,
        KeysAction::List { service } => list(store, &service).await?,
        KeysAction::Revoke { hash } => revoke(store, &hash).await?,
    };
    writeln!(out, "{text}").map_err(|error| Failure::Unexpected(format!("écriture impossible : {error}")))
}

async fn issue(store: &CommunsStore, service: &Service, scope: Scope) -> Result<String, Failure> {
    let key = new_api_key(service, &rand::random());
    store.issue_key(&key, service, scope, Utc::now()).await.map_err(|error| table_failure(&error))?;
    Ok(key.text)
}

async fn list(store: &CommunsStore, service: &Service) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for scope in Scope::ALL {
        for (hash, key) in store.keys_of(service, scope).await.map_err(|error| table_failure(&error))? {
            lines.push(format!("{} {} {}", hash.as_str(), scope.as_str(), instant::text(key.created_at)));
        }
    }
    Ok(if lines.is_empty() { format!("{service} n'a pas de clé") } else { lines.join("\n") })
}

async fn revoke(store: &CommunsStore, hash: &KeyHash) -> Result<String, Failure> {
    if store.revoke_key(hash).await.map_err(|error| table_failure(&error))? {
        Ok("clé révoquée : elle n'ouvre plus rien".to_owned())
    } else {
        Err(Failure::Arguments("aucune clé n'a cette empreinte (voir passerelle keys list)".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use passerelle::platform::clock::Clock;

    use super::*;
    use crate::cli::arguments::ScopeName;
    use crate::stack::{Stack, StackOptions};
    use engines::Storage;

    async fn said(store: &CommunsStore, action: KeysAction) -> Result<String, Failure> {
        let mut out = Vec::new();
        run(store, action, &mut out).await?;
        Ok(String::from_utf8(out).unwrap().trim().to_owned())
    }

    #[tokio::test]
    async fn a_key_is_issued_listed_by_its_hash_and_revoked() {
        let stack = Stack::start(StackOptions::new(Storage::Memory, Clock::system())).await.unwrap();
        let table = stack.variables("ProjectsApi")["COMMUNS_TABLE"].clone();
        let store = CommunsStore::new(aws_sdk_dynamodb::Client::new(stack.sdk()), table);
        let service = Service::parse("zlv").unwrap();
        let listed = async || said(&store, KeysAction::List { service: service.clone() }).await.unwrap();
        assert_eq!(listed().await, "zlv n'a pas de clé");
        let issue = || KeysAction::Issue { service: service.clone(), scope: ScopeName::Sync };
        let key = said(&store, issue()).await.unwrap();
        let hash = KeyHash::of(&key);
        assert!(listed().await.starts_with(&format!("{} sync 20", hash.as_str())));
        said(&store, issue()).await.unwrap();
        assert!(said(&store, issue()).await.is_err(), "two keys of a scope are the most");
        said(&store, KeysAction::Revoke { hash: hash.clone() }).await.unwrap();
        assert_eq!(store.api_key(&hash).await.unwrap(), None);
        assert!(!listed().await.contains(hash.as_str()));
        assert!(said(&store, KeysAction::Revoke { hash }).await.is_err(), "revoked once");
    }
}
