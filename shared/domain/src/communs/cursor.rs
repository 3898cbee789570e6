//! Cursors: where a page ended. Opaque to callers, URL-safe (`A-Z a-z 0-9 _ -`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use thiserror::Error;
use uuid::Uuid;

use super::event::EventId;
use super::project::ProjectId;

/// The text is no cursor of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("un curseur rendu par une page précédente est attendu")]
pub struct InvalidCursor;

/// The cursor of a list of projects, as a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProjectCursor(pub ProjectId);

/// The cursor of a list of events, as a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct EventCursor(pub EventId);

impl TryFrom<String> for EventCursor {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, InvalidCursor> {
        event(&text).map(Self).ok_or(InvalidCursor)
    }
}

/// Where a reading of the feed of events begins, as a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum FeedStart {
    /// Now: what was before is not asked for.
    Latest,
    /// After this event.
    After(EventId),
}

impl TryFrom<String> for ProjectCursor {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, InvalidCursor> {
        project(&text).map(Self).ok_or(InvalidCursor)
    }
}

impl TryFrom<String> for FeedStart {
    type Error = InvalidCursor;

    fn try_from(text: String) -> Result<Self, InvalidCursor> {
        if text == "latest" { Ok(Self::Latest) } else { event(&text).map(Self::After).ok_or(InvalidCursor) }
    }
}

const PROJECT: u8 = b'p';
const EVENT: u8 = b'e';

/// The cursor after a project, in lists and in the digest.
#[must_use]
pub fn after_project(id: ProjectId) -> String {
    encode(PROJECT, Uuid::from(id).as_bytes())
}

/// Reads a cursor of [`after_project`]; `None` for anything else.
#[must_use]
pub fn project(cursor: &str) -> Option<ProjectId> {
    let bytes: [u8; 16] = decode(PROJECT, cursor)?.try_into().ok()?;
    Some(Uuid::from_bytes(bytes).into())
}

/// The cursor after an event, in the events feed.
#[must_use]
pub fn after_event(id: &EventId) -> String {
    encode(EVENT, id.as_str().as_bytes())
}

/// Reads a cursor of [`after_event`]; `None` for anything else.
#[must_use]
pub fn event(cursor: &str) -> Option<EventId> {
    EventId::parse(&String::from_utf8(decode(EVENT, cursor)?).ok()?)
}

fn encode(tag: u8, payload: &[u8]) -> String {
    let mut bytes = vec![tag];
    bytes.extend(payload);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(tag: u8, cursor: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (first, payload) = bytes.split_first()?;
    (*first == tag).then(|| payload.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_is_url_safe(bits in any::<u128>()) {
            let id = ProjectId::from(Uuid::from_u128(bits));
            let cursor = after_project(id);
            prop_assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
            prop_assert_eq!(project(&cursor), Some(id));
            prop_assert_eq!(event(&cursor), None);
            let event_id = EventId::from(Uuid::from_u128(bits));
            prop_assert_eq!(event(&after_event(&event_id)), Some(event_id));
        }

        #[test]
        fn anything_else_is_refused(text in "[A-Za-z0-9_-]{0,60}") {
            prop_assume!(!text.starts_with('c') && !text.starts_with('Z'));
            prop_assert_eq!(project(&text), None);
            prop_assert_eq!(event(&text), None);
        }
    }
}
