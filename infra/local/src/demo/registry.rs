//! The demonstration services: API keys, and one webhook each to its inbox.
//!
//! Registering is idempotent and survives a crash at any point: what was shown once (keys, signing secrets) is
//! written down as soon as it is known, and a webhook whose secret was lost is replaced.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use domain::api_key::Scope;
use domain::webhooks::signature::SigningSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inbox::Inboxes;
use crate::caller::{CallError, Caller};
use crate::stack::{Stack, StackError};

/// The services connected to Les Communs.
pub const SERVICES: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// La Coop, which has no webhooks.
pub const COOP: &str = "coop";

/// Marks our webhooks among those a developer may have added.
const DESCRIPTION: &str = "Boîte de démonstration";

const WEBHOOKS: &str = "/communs/v1/webhooks";

/// What must be remembered of the services: all of it is shown once only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceRegistry(BTreeMap<String, RegisteredService>);

/// What must be remembered of one service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredService {
    /// API key of scope `projects`.
    pub projects_key: String,
    /// API key of scope `sync`.
    pub sync_key: String,
    /// API key of scope `manage`: what loads and explains droits. Registries of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage_key: Option<String>,
    /// The webhook to the inbox, once there is one.
    pub webhook: Option<Webhook>,
}

/// A webhook and its signing secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    id: String,
    secret: String,
}

/// Redacted: keys and secrets must not reach a log.
impl std::fmt::Debug for RegisteredService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegisteredService(***)")
    }
}

/// Why the services could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The stack could not issue a key.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The API answered something unexpected.
    #[error("inscription de {service} impossible : {error}")]
    Api {
        /// Service.
        service: String,
        /// What it answered.
        error: CallError,
    },
    /// The registry could not be written down.
    #[error(transparent)]
    Save(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the registry down, durably.
pub type Save<'a> = &'a (dyn Fn(&ServiceRegistry) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Sync);

impl ServiceRegistry {
    /// Gives every service its keys and its webhook to `{base_url}/inbox/{service}`, and opens the inboxes.
    ///
    /// # Errors
    /// When a key cannot be issued, the API refuses, or `save` fails.
    pub async fn complete(
        &mut self,
        stack: &Stack,
        base_url: &str,
        inboxes: &Inboxes,
        save: Save<'_>,
    ) -> Result<(), RegisterError> {
        for service in SERVICES {
            let mut registration = self.keys(stack, service, save).await?;
            let api = Caller::new(stack.api(), Some(registration.projects_key.clone()));
            let url = format!("{base_url}/inbox/{service}");
            let webhook = webhook(&api, &url, registration.webhook.as_ref())
                .await
                .map_err(|error| RegisterError::Api { service: service.to_owned(), error })?;
            if let Ok(secret) = SigningSecret::parse(&webhook.secret) {
                inboxes.open(service, secret);
            }
            if registration.webhook.as_ref() != Some(&webhook) {
                registration.webhook = Some(webhook);
                self.0.insert(service.to_owned(), registration);
                save(self)?;
            }
        }
        Ok(())
    }

    /// The keys of a service: those it has, as long as they work, or new ones.
    ///
    /// # Errors
    /// When a key cannot be issued, the API refuses, or `save` fails.
    pub async fn keys(
        &mut self,
        stack: &Stack,
        service: &str,
        save: Save<'_>,
    ) -> Result<RegisteredService, RegisterError> {
        let known = self.0.get(service).cloned();
        let works = match &known {
            Some(known) => key_works(&Caller::new(stack.api(), Some(known.projects_key.clone())))
                .await
                .map_err(|error| RegisterError::Api { service: service.to_owned(), error })?,
            None => false,
        };
        let registration = match known {
            Some(known) if works => {
                if known.manage_key.is_some() {
                    return Ok(known);
                }
                RegisteredService { manage_key: Some(stack.issue_key(service, Scope::Manage).await?), ..known }
            }
            _ => RegisteredService {
                projects_key: stack.issue_key(service, Scope::Projects).await?,
                sync_key: stack.issue_key(service, Scope::Sync).await?,
                manage_key: Some(stack.issue_key(service, Scope::Manage).await?),
                webhook: None,
            },
        };
        self.0.insert(service.to_owned(), registration.clone());
        save(self)?;
        Ok(registration)
    }

    /// The services with what is known of them, by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &RegisteredService)> {
        self.0.iter().map(|(service, registration)| (service.as_str(), registration))
    }

    /// What is known of one service.
    #[must_use]
    pub fn get(&self, service: &str) -> Option<&RegisteredService> {
        self.0.get(service)
    }
}

/// Whether a key still opens the API.
async fn key_works(api: &Caller) -> Result<bool, CallError> {
    Ok(api.send(Method::GET, WEBHOOKS, None).await?.status != StatusCode::UNAUTHORIZED)
}

/// The webhook to `url`: the known one, put right if need be, or a new one.
async fn webhook(api: &Caller, url: &str, known: Option<&Webhook>) -> Result<Webhook, CallError> {
    let list = api.call(Method::GET, WEBHOOKS, None).await?;
    let ours = list["items"].as_array().into_iter().flatten().filter(|item| item["description"] == DESCRIPTION);
    let mut kept = None;
    for item in ours {
        let path = format!("{WEBHOOKS}/{}", item["id"].as_str().unwrap_or_default());
        let Some(known) = known.filter(|known| item["id"] == *known.id) else {
            // Its secret was never written down: nobody can verify what it sends.
            api.call(Method::DELETE, &path, None).await?;
            continue;
        };
        if item["url"] != url {
            api.call(Method::PATCH, &path, Some(&json!({ "url": url }))).await?;
        }
        if item["status"] == "disabled" {
            api.call(Method::POST, &format!("{path}/enable"), None).await?;
        }
        kept = Some(known.clone());
    }
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let created = api.call(Method::POST, WEBHOOKS, Some(&json!({ "url": url, "description": DESCRIPTION }))).await?;
    let text = |field: &str| created[field].as_str().unwrap_or_default().to_owned();
    Ok(Webhook { id: text("id"), secret: text("secret") })
}

#[cfg(test)]
mod tests;
