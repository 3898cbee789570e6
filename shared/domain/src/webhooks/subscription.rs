//! A webhook: where a service wants to be told, of what, and how its receiver has been doing.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::health::{DisabledReason, Health};
use super::own_header::SealedHeader;
use crate::api_key::Service;
use crate::communs::event::Event;
use crate::communs::event_type::EventType;
use crate::instant;
use crate::uuid_text::parse_hyphenated_uuid;

/// How many webhooks a service may have.
pub const MAX_PER_SERVICE: u32 = 10;

/// How long a replaced secret goes on signing.
pub const ROTATION_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// How many secrets sign at a time, at most: every change reads them, every attempt carries a signature for each.
const SECRETS_MAX: usize = 10;

/// The id of a webhook: a UUIDv7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WebhookId(Uuid);

impl WebhookId {
    /// The id of a path; `None` when it is no UUID in hyphenated form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_hyphenated_uuid(text).map(Self)
    }
}

impl From<Uuid> for WebhookId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether events are sent to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WebhookStatus {
    /// They are.
    Active,
    /// They are held.
    Disabled,
}

/// A signing secret as stored: sealed, and until when it signs once replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// The secret, sealed for this webhook.
    pub sealed: String,
    /// `None` for the current one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::optional")]
    pub until: Option<DateTime<Utc>>,
}

/// A subscription of a service to the changes made by the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// A UUIDv7: webhooks sort by registration.
    pub id: WebhookId,
    /// The service that registered it.
    pub service: Service,
    /// Checked at registration, and again at every attempt.
    pub url: String,
    /// The types wanted; `None` is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<EventType>>,
    /// The service's own note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why events are held instead of sent; absent while the webhook is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<DisabledReason>,
    /// Newest first.
    pub secrets: Vec<SealedSecret>,
    /// What its receiver asks for beside the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<SealedHeader>,
    /// When it was registered.
    #[serde(with = "instant")]
    pub created_at: DateTime<Utc>,
    /// How its receiver has been doing.
    #[serde(default)]
    pub health: Health,
}

impl Webhook {
    /// Whether events are sent to it.
    #[must_use]
    pub fn status(&self) -> WebhookStatus {
        if self.disabled.is_some() { WebhookStatus::Disabled } else { WebhookStatus::Active }
    }

    /// Whether an event committed now is for this webhook: of another service, and of a type it wants. A disabled
    /// webhook counts: its deliveries are held.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        self.service != event.service && self.wants_kind(event.kind)
    }

    /// Whether it wants events of this type.
    #[must_use]
    pub fn wants_kind(&self, kind: EventType) -> bool {
        self.event_types.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Puts `sealed` first; the secret it replaces signs for another day, older ones until their own time is over.
    #[must_use]
    pub fn rotate_secret(&self, sealed: String, now: DateTime<Utc>) -> Self {
        let mut next = self.clone();
        if let Some(current) = next.secrets.first_mut() {
            current.until = Some(now + ROTATION_OVERLAP);
        }
        next.secrets.retain(|secret| secret.until.is_none_or(|until| until > now));
        next.secrets.insert(0, SealedSecret { sealed, until: None });
        next.secrets.truncate(SECRETS_MAX);
        next
    }

    /// The secrets that sign at `now`, newest first.
    pub fn signing_secrets(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SealedSecret> {
        self.secrets.iter().filter(move |secret| secret.until.is_none_or(|until| until > now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_replaced_secret_signs_a_day_from_its_own_replacement() {
        let at = |text| instant::parse(text).unwrap();
        let start = at("2026-11-02T09:00:00Z");
        let webhook = Webhook {
            id: Uuid::nil().into(),
            service: Service::parse("tet").unwrap(),
            url: "https://example.org/".into(),
            event_types: None,
            description: None,
            disabled: None,
            secrets: vec![SealedSecret { sealed: "a".into(), until: None }],
            header: None,
            created_at: start,
            health: Health::default(),
        };
        let webhook = webhook.rotate_secret("b".into(), start).rotate_secret("c".into(), at("2026-11-02T15:00:00Z"));
        let signing = |text| webhook.signing_secrets(at(text)).map(|s| s.sealed.as_str()).collect::<String>();
        assert_eq!(signing("2026-11-03T08:59:59Z"), "cba");
        assert_eq!(signing("2026-11-03T09:00:00Z"), "cb");
        assert_eq!(signing("2026-11-03T15:00:00Z"), "c");
        let often = (0..100).fold(webhook, |webhook, _| webhook.rotate_secret("d".into(), start));
        assert_eq!(often.signing_secrets(start).count(), SECRETS_MAX);
    }
}
