//! Items of a backup, without the people who were erased since it was made.
//!
//! Every form of item that may hold something of a person has its line in [`Forgotten::judge`]: a right and a trace by
//! their key, the history of what they changed by its hash, a project, an event and a kept answer by the e-mail of their
//! porteur référent. What a receiver answered may
//! repeat any of it, and nothing tells: of a backup in which somebody has to be erased no such answer is kept.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::communs::event::{redact, redact_data};
use domain::reference::email::Email;
use serde_json::Value;

use super::authors::PERSON;
use super::erased::ErasedPerson;
use super::erasure::{Data, redact_answer};
use super::keys;
use crate::identity::person_hash::{Person, PersonHash};
use crate::platform::secrets::KeyRing;
use crate::store::error::StoreError;
use crate::store::item::{Attributes, PK, SK};
use crate::store::table::attribute;

/// The people to be taken out of a backup, and the keys by which the e-mails in it are recognised.
#[derive(Debug)]
pub struct Forgotten<'a> {
    hashes: HashSet<PersonHash>,
    keys: Option<&'a KeyRing>,
}

/// What becomes of an item of a backup.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It says nothing of them.
    Keep,
    /// This attribute takes this value.
    Redact(&'static str, AttributeValue),
    /// It is about one of them.
    Drop,
}

/// The people erased whose erasure a backup does not hold whole: `then` is the register in the backup.
#[must_use]
pub fn erased_since(now: &[ErasedPerson], then: &[ErasedPerson]) -> Vec<ErasedPerson> {
    let whole = |erased: &&ErasedPerson| {
        then.iter().any(|known| known.finished_at.is_some() && known.at == erased.at && known.hashes == erased.hashes)
    };
    now.iter().filter(|erased| !whole(erased)).cloned().collect()
}

impl<'a> Forgotten<'a> {
    /// These people; without `keys` nobody is recognised by an e-mail.
    #[must_use]
    pub fn new<'p>(people: impl IntoIterator<Item = &'p ErasedPerson>, keys: Option<&'a KeyRing>) -> Self {
        Self { hashes: people.into_iter().flat_map(|person| person.hashes.clone()).collect(), keys }
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// What becomes of an item.
    ///
    /// # Errors
    /// When an item that may name a person cannot be read.
    pub fn judge(&self, item: &HashMap<String, AttributeValue>) -> Result<Judgement, StoreError> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
        let (Some(pk), Some(sk)) = (text(PK), text(SK)) else { return Ok(Judgement::Keep) };
        if self.is_empty() {
            return Ok(Judgement::Keep);
        }
        if let Some(person) = keys::person_of(pk) {
            return Ok(if self.hashes.contains(&person) { Judgement::Drop } else { Judgement::Keep });
        }
        Ok(match () {
            () if keys::project_of(pk).is_some() => self.judge_project(item)?,
            () if keys::is_event(pk) => self.judge_event(item)?,
            () if keys::event_of_delivery(sk).is_some() => blank_answers(item),
            () if keys::is_kept_answer(pk) => {
                let redacted = text("answer").and_then(|answer| redact_answer(answer, |email| self.is_named(email)));
                redacted.map_or(Judgement::Keep, |answer| Judgement::Redact("answer", AttributeValue::S(answer)))
            }
            () => Judgement::Keep,
        })
    }

    fn judge_project(&self, item: &Attributes) -> Result<Judgement, StoreError> {
        if let Some(AttributeValue::S(author)) = item.get(PERSON)
            && self.hashes.iter().any(|hash| hash.as_str() == author)
        {
            return Ok(Judgement::Redact(PERSON, AttributeValue::Null(true)));
        }
        let Some(AttributeValue::M(project)) = item.get("project") else { return Ok(Judgement::Keep) };
        let Some(porteur) = project.get("porteur") else { return Ok(Judgement::Keep) };
        let mut porteur: Value = serde_dynamo::from_attribute_value(porteur.clone())?;
        if !redact(&mut porteur, |email| self.is_named(email)) {
            return Ok(Judgement::Keep);
        }
        let mut project = project.clone();
        project.remove("porteur");
        if !porteur.is_null() {
            project.insert("porteur".to_owned(), attribute(&porteur)?);
        }
        Ok(Judgement::Redact("project", AttributeValue::M(project)))
    }

    fn judge_event(&self, item: &Attributes) -> Result<Judgement, StoreError> {
        let Some(AttributeValue::M(event)) = item.get("event") else { return Ok(Judgement::Keep) };
        let Some(data) = event.get("data") else { return Ok(Judgement::Keep) };
        let Data(mut data) = serde_dynamo::from_attribute_value(data.clone())?;
        if !redact_data(&mut data, |email| self.is_named(email)) {
            return Ok(Judgement::Keep);
        }
        let mut event = event.clone();
        event.insert("data".to_owned(), attribute(&Data(data))?);
        Ok(Judgement::Redact("event", AttributeValue::M(event)))
    }

    fn is_named(&self, email: &str) -> bool {
        let (Some(keys), Ok(email)) = (self.keys, Email::parse(email)) else { return false };
        Person::of(&email, keys).hashes().any(|hash| self.hashes.contains(hash))
    }
}

fn blank_answers(item: &Attributes) -> Judgement {
    let Some(AttributeValue::L(attempts)) = item.get("attempts") else { return Judgement::Keep };
    let mut blank = attempts.clone();
    for attempt in &mut blank {
        if let AttributeValue::M(attempt) = attempt {
            attempt.insert("answer".to_owned(), AttributeValue::S(String::new()));
        }
    }
    if blank == *attempts { Judgement::Keep } else { Judgement::Redact("attempts", AttributeValue::L(blank)) }
}
