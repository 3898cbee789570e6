//! Every route, and the request that is made of it. Requests are in order, so that a refusal is one of access.

use http::Method;
use serde_json::{Value, json};

use super::fixture::Fixture;

/// What a route is about, and what must exist before it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A project of the creator's, linked to one service, with a reader and a writer.
    Project,
    /// The same, deleted.
    Deleted,
    /// A project nobody knows.
    Unknown,
    /// A webhook of the creator's.
    Webhook,
    /// A webhook of the creator's with a delivery.
    Delivery,
}

/// One row of the matrix.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub method: &'static str,
    /// As in the OpenAPI document.
    pub route: &'static str,
    /// What is special about this row of its route; empty for the plain one.
    pub variant: &'static str,
    pub target: Target,
    pub body: fn(&Fixture) -> Option<Value>,
}

impl Row {
    pub fn method(&self) -> Method {
        self.method.parse().unwrap()
    }

    /// A call may change what the next caller would find: each gets a fixture of its own.
    pub fn changes(&self) -> bool {
        self.method != "GET" && !self.route.ends_with("/check")
    }

    /// The path called by a caller of `service`.
    pub fn path(&self, fixture: &Fixture) -> String {
        let service = match (self.route, self.variant) {
            (route, _) if route.starts_with("/projects/by-external-id/") => super::callers::CREATOR,
            ("/projects/{id}/links/{service}", _) if self.method == "PATCH" => super::callers::LINKED,
            (_, "lien d'un autre") => "aides-territoires",
            _ => fixture.service,
        };
        let id = match self.target {
            Target::Webhook | Target::Delivery => &fixture.webhook,
            Target::Project | Target::Deleted | Target::Unknown => &fixture.project,
        };
        let query = match self.route {
            "/projects/by-external-id/{service}" => "?externalId={externalId}",
            _ => "",
        };
        format!("{}{query}", self.route)
            .replace("{id}", id)
            .replace("{service}", service)
            .replace("{externalId}", &fixture.external_id(super::callers::CREATOR))
            .replace("{eventId}", &fixture.event)
    }

    pub fn label(&self) -> String {
        let variant = if self.variant.is_empty() { String::new() } else { format!(" [{}]", self.variant) };
        format!("{} {}{variant}", self.method, self.route)
    }
}

/// A row as it is written below: method, route, variant, what it names, and its body.
type Written = (&'static str, &'static str, &'static str, Target, fn(&Fixture) -> Option<Value>);

const ROWS: &[Written] = &[
    ("GET", "/projects", "", Target::Project, none),
    ("POST", "/projects", "nouveau", Target::Project, |f| Some(project(&format!("neuf-{}", f.number)))),
    ("POST", "/projects", "externalId connu", Target::Project, |f| Some(project(&f.external_id(f.service)))),
    ("POST", "/projects/bulk", "", Target::Project, |f| {
        Some(json!({"projects": [project(&format!("neuf-{}", f.number))]}))
    }),
    ("GET", "/projects/by-external-id/{service}/{externalId}", "", Target::Project, none),
    ("GET", "/projects/by-external-id/{service}", "", Target::Project, none),
    ("GET", "/projects/{id}", "", Target::Project, none),
    ("GET", "/projects/{id}", "inconnu", Target::Unknown, none),
    ("GET", "/projects/{id}", "supprimé", Target::Deleted, none),
    ("PATCH", "/projects/{id}", "", Target::Project, |_| Some(json!({"nom": "Halle"}))),
    ("PATCH", "/projects/{id}", "corps invalide", Target::Project, |_| Some(json!({"couleur": "bleu"}))),
    ("DELETE", "/projects/{id}", "", Target::Project, none),
    ("GET", "/projects/{id}/history", "", Target::Project, none),
    ("PUT", "/projects/{id}/links/{service}", "", Target::Project, link),
    ("PUT", "/projects/{id}/links/{service}", "lien d'un autre", Target::Project, link),
    ("PATCH", "/projects/{id}/links/{service}", "", Target::Project, |_| Some(json!({"role": "reader"}))),
    ("DELETE", "/projects/{id}/links/{service}", "", Target::Project, none),
    ("DELETE", "/projects/{id}/links/{service}", "lien d'un autre", Target::Project, none),
    ("PUT", "/projects/{id}/permissions", "", Target::Project, |_| {
        Some(json!({"email": "bea@nantes.fr", "level": "READ"}))
    }),
    ("PUT", "/projects/{id}/permissions", "inconnu", Target::Unknown, |_| {
        Some(json!({"email": "bea@nantes.fr", "level": "READ"}))
    }),
    ("DELETE", "/projects/{id}/permissions", "", Target::Project, |_| Some(json!({"email": "bea@nantes.fr"}))),
    ("POST", "/projects/{id}/permissions/check", "", Target::Project, |_| {
        Some(json!({"email": "bea@nantes.fr", "level": "READ"}))
    }),
    ("POST", "/permissions/check", "", Target::Project, |f| {
        Some(json!({"email": "bea@nantes.fr", "projectIds": [f.project]}))
    }),
    ("POST", "/people/erase", "", Target::Project, |_| Some(json!({"email": "bea@nantes.fr"}))),
    ("POST", "/administration/changes", "", Target::Project, |_| Some(json!({"email": "bea@nantes.fr"}))),
    ("GET", "/openapi.json", "", Target::Unknown, none),
    ("GET", "/me", "", Target::Project, none),
    ("GET", "/statuts", "", Target::Project, none),
    ("GET", "/events", "", Target::Project, none),
    ("GET", "/digest", "", Target::Project, none),
    ("GET", "/webhooks", "", Target::Webhook, none),
    ("POST", "/webhooks", "", Target::Project, |f| Some(json!({"url": f.url}))),
    ("GET", "/webhooks/{id}", "", Target::Webhook, none),
    ("PATCH", "/webhooks/{id}", "", Target::Webhook, |_| Some(json!({"description": "Halle"}))),
    ("DELETE", "/webhooks/{id}", "", Target::Webhook, none),
    ("POST", "/webhooks/{id}/rotate-secret", "", Target::Webhook, none),
    ("POST", "/webhooks/{id}/test", "", Target::Webhook, none),
    ("POST", "/webhooks/{id}/enable", "", Target::Webhook, none),
    ("POST", "/webhooks/{id}/disable", "", Target::Webhook, none),
    ("GET", "/webhooks/{id}/deliveries", "", Target::Delivery, none),
    ("GET", "/webhooks/{id}/deliveries/{eventId}", "", Target::Delivery, none),
    ("POST", "/webhooks/{id}/deliveries/{eventId}/resend", "", Target::Delivery, none),
    ("POST", "/webhooks/{id}/recover", "", Target::Delivery, since),
    ("POST", "/webhooks/{id}/replay", "", Target::Delivery, since),
];

/// The rows in the order shown.
pub fn rows() -> impl Iterator<Item = Row> {
    ROWS.iter().map(|(method, route, variant, target, body)| Row {
        method,
        route,
        variant,
        target: *target,
        body: *body,
    })
}

fn none(_: &Fixture) -> Option<Value> {
    None
}

fn link(fixture: &Fixture) -> Option<Value> {
    Some(json!({"externalId": format!("lien-{}", fixture.number)}))
}

fn since(_: &Fixture) -> Option<Value> {
    Some(json!({"since": "2026-11-01T00:00:00Z"}))
}

/// A project in order, whoever sends it.
pub fn project(external_id: &str) -> Value {
    let commune = json!({"type": "Commune", "code": "67482"});
    json!({"externalId": external_id, "nom": "Rénovation de la halle", "statut": "IDEE", "collectivites": [commune]})
}
