//! The demonstration services: API keys, and one webhook each to its inbox.
//!
//! Registering is idempotent and survives a crash at any point: what was shown once (keys, signing secrets) is
//! written down as soon as it is known, and a webhook whose secret was lost is replaced.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use domain::api_key::{COOP, EXPLOITATION, Scope, ZLV};
use domain::webhooks::signature::SigningSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::inbox::Inboxes;
use crate::caller::{CallError, Caller};
use crate::stack::{Stack, StackError};

/// The services connected to Les Communs.
pub const SERVICES: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// The services without webhooks: La Coop, Zéro Logement Vacant, and whoever operates.
pub const OTHERS: [&str; 3] = [COOP, ZLV, EXPLOITATION];

/// Marks our webhooks among those a developer may have added.
const DESCRIPTION: &str = "Boîte de démonstration";

const WEBHOOKS: &str = "/communs/v1/webhooks";

/// What must be remembered of the services: all of it is shown once only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceRegistry(BTreeMap<String, RegisteredService>);

/// What must be remembered of one service. A service has the keys that it may hold and makes use of.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisteredService {
    /// API key of scope `projects`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projects_key: Option<String>,
    /// API key of scope `sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_key: Option<String>,
    /// API key of scope `manage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manage_key: Option<String>,
    /// The webhook to the inbox, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
}

impl RegisteredService {
    /// Its key of a scope.
    #[must_use]
    pub fn key(&self, scope: Scope) -> Option<&str> {
        match scope {
            Scope::Projects => self.projects_key.as_deref(),
            Scope::Sync => self.sync_key.as_deref(),
            Scope::Manage => self.manage_key.as_deref(),
        }
    }

    fn key_mut(&mut self, scope: Scope) -> &mut Option<String> {
        match scope {
            Scope::Projects => &mut self.projects_key,
            Scope::Sync => &mut self.sync_key,
            Scope::Manage => &mut self.manage_key,
        }
    }
}

/// The keys a service makes use of.
fn scopes(service: &str) -> &'static [Scope] {
    match service {
        COOP => &[Scope::Sync, Scope::Manage],
        ZLV | EXPLOITATION => &[Scope::Manage],
        _ => &[Scope::Projects, Scope::Sync],
    }
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
            let api = Caller::new(stack.api(), registration.sync_key.clone());
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

    /// The keys of a service: those it has, as long as they work, and new ones for those that are missing. A registry that
    /// was lost has left keys that nobody knows: they give way.
    ///
    /// # Errors
    /// When a key cannot be issued, the API cannot be asked, or `save` fails.
    pub async fn keys(
        &mut self,
        stack: &Stack,
        service: &str,
        save: Save<'_>,
    ) -> Result<RegisteredService, RegisterError> {
        let failed = |error| RegisterError::Api { service: service.to_owned(), error };
        let mut registration = self.0.get(service).cloned().unwrap_or_default();
        for scope in Scope::ALL {
            let wanted = scopes(service).contains(&scope);
            let known = registration.key_mut(scope).take();
            let works = match &known {
                Some(key) if wanted => key_works(&Caller::new(stack.api(), Some(key.clone()))).await.map_err(failed)?,
                _ => false,
            };
            *registration.key_mut(scope) = match known {
                Some(key) if works => Some(key),
                _ if wanted => Some(stack.replace_lost_key(service, scope).await?),
                _ => None,
            };
        }
        if self.0.get(service) != Some(&registration) {
            self.0.insert(service.to_owned(), registration.clone());
            save(self)?;
        }
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
