//! The demonstration services: API keys, and one webhook each to its inbox.
//!
//! Registering is idempotent and survives a crash at any point: what was shown once (keys, signing secrets) is
//! written down as soon as it is known, and a webhook whose secret was lost is replaced.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use domain::api_key::Scope;
use domain::webhooks::signature::SigningSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::receivers::Inboxes;
use crate::stack::{Stack, StackError};

/// The services connected to Les Communs.
pub const SERVICES: [&str; 4] = ["mec", "tet", "recoco", "aides-territoires"];

/// La Coop, which has no webhooks.
pub const COOP: &str = "coop";

/// Marks our webhooks among those a developer may have added.
const DESCRIPTION: &str = "Boîte de démonstration";

/// Largest answer read from the API, in bytes.
const ANSWER_LIMIT: usize = 1 << 20;

/// What must be remembered of the services: all of it is shown once only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Register(BTreeMap<String, Registration>);

/// What must be remembered of one service.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// API key of scope `projects`.
    pub projects_key: String,
    /// API key of scope `sync`.
    pub sync_key: String,
    /// API key of scope `manage`: what loads and explains droits. Registers of earlier versions have none.
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
impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration(***)")
    }
}

/// Why the services could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The stack could not issue a key.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The API answered something unexpected.
    #[error("inscription de {service} impossible : {method} {path} a répondu {answer}")]
    Api {
        /// Service.
        service: String,
        /// Method of the request.
        method: Method,
        /// Path of the request.
        path: String,
        /// Status and body.
        answer: String,
    },
    /// The register could not be written down.
    #[error(transparent)]
    Save(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the register down, durably.
pub type Save<'a> = &'a (dyn Fn(&Register) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Sync);

impl Register {
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
            let api = Api::of(stack, service, &registration.projects_key);
            let url = format!("{base_url}/inbox/{service}");
            let webhook = api.webhook(&url, registration.webhook.as_ref()).await?;
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
    pub async fn keys(&mut self, stack: &Stack, service: &str, save: Save<'_>) -> Result<Registration, RegisterError> {
        let known = self.0.get(service).cloned();
        let registration = match known {
            Some(known) if Api::of(stack, service, &known.projects_key).key_works().await? => {
                if known.manage_key.is_some() {
                    return Ok(known);
                }
                Registration { manage_key: Some(stack.issue_key(service, Scope::Manage).await?), ..known }
            }
            _ => Registration {
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
    pub fn services(&self) -> impl Iterator<Item = (&str, &Registration)> {
        self.0.iter().map(|(service, registration)| (service.as_str(), registration))
    }

    /// What is known of one service.
    #[must_use]
    pub fn get(&self, service: &str) -> Option<&Registration> {
        self.0.get(service)
    }
}

/// The API, called in-process on behalf of one service.
struct Api {
    router: Router,
    service: String,
    key: String,
}

impl Api {
    fn of(stack: &Stack, service: &str, key: &str) -> Self {
        Self { router: stack.api(), service: service.to_owned(), key: key.to_owned() }
    }

    async fn key_works(&self) -> Result<bool, RegisterError> {
        let (status, _) = self.call(Method::GET, "", None).await?;
        Ok(status != StatusCode::UNAUTHORIZED)
    }

    /// The webhook to `url`: the known one, put right if need be, or a new one.
    async fn webhook(&self, url: &str, known: Option<&Webhook>) -> Result<Webhook, RegisterError> {
        let list = self.expect(Method::GET, "", None).await?;
        let ours = list["items"].as_array().into_iter().flatten().filter(|item| item["description"] == DESCRIPTION);
        let mut kept = None;
        for item in ours {
            let id = item["id"].as_str().unwrap_or_default();
            let Some(known) = known.filter(|known| known.id == id) else {
                // Its secret was never written down: nobody can verify what it sends.
                self.expect(Method::DELETE, &format!("/{id}"), None).await?;
                continue;
            };
            if item["url"] != url {
                self.expect(Method::PATCH, &format!("/{id}"), Some(json!({ "url": url }))).await?;
            }
            if item["status"] == "disabled" {
                self.expect(Method::POST, &format!("/{id}/enable"), None).await?;
            }
            kept = Some(known.clone());
        }
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let body = json!({ "url": url, "description": DESCRIPTION });
        let created = self.expect(Method::POST, "", Some(body)).await?;
        let text = |field: &str| created[field].as_str().unwrap_or_default().to_owned();
        Ok(Webhook { id: text("id"), secret: text("secret") })
    }

    async fn expect(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, RegisterError> {
        let (status, answer) = self.call(method.clone(), path, body).await?;
        if status.is_success() {
            Ok(serde_json::from_slice(&answer).unwrap_or_default())
        } else {
            Err(self.unexpected(method, path, format!("{status} {}", String::from_utf8_lossy(&answer))))
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, Vec<u8>), RegisterError> {
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("/communs/v1/webhooks{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .map_err(|error| self.unexpected(method.clone(), path, error.to_string()))?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let answer = to_bytes(response.into_body(), ANSWER_LIMIT)
            .await
            .map_err(|error| self.unexpected(method, path, error.to_string()))?;
        Ok((status, answer.to_vec()))
    }

    fn unexpected(&self, method: Method, path: &str, answer: String) -> RegisterError {
        let path = format!("/communs/v1/webhooks{path}");
        RegisterError::Api { service: self.service.clone(), method, path, answer }
    }
}

#[cfg(test)]
mod tests;
