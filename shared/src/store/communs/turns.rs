//! What a batch of turns needs, read in one call: webhooks, events and deliveries.

use std::collections::{HashMap, HashSet};

use super::deliveries::DeliveryItem;
use super::events::EventItem;
use super::keys;
use super::{CommunsStore, Item};
use crate::platform::queue::Turn;
use crate::store::error::StoreError;
use crate::store::schema;
use crate::store::table::ItemKey;
use domain::communs::event::{Event, EventId};
use domain::webhooks::delivery::Delivery;
use domain::webhooks::subscription::{Webhook, WebhookId};

/// `BatchGetItem` takes this many keys.
const KEYS_AT_A_TIME: usize = 100;

/// What is stored of the webhooks, events and deliveries that some turns name.
#[derive(Debug, Default)]
pub struct Facts {
    webhooks: HashMap<WebhookId, Webhook>,
    events: HashMap<EventId, Event>,
    deliveries: HashMap<ItemKey, Delivery>,
    /// Items there, but not of a form this version of the code reads: their turns must come again, not be dropped.
    unreadable: HashSet<ItemKey>,
}

impl Facts {
    /// The webhook of a turn; `None` once it is deleted.
    #[must_use]
    pub fn webhook(&self, turn: &Turn) -> Option<&Webhook> {
        self.webhooks.get(&turn.webhook)
    }

    /// The event of a turn; `None` once it has expired.
    #[must_use]
    pub fn event(&self, turn: &Turn) -> Option<&Event> {
        self.events.get(&turn.event)
    }

    /// The delivery of a turn; `None` before its first attempt.
    #[must_use]
    pub fn delivery(&self, turn: &Turn) -> Option<&Delivery> {
        self.deliveries.get(&keys::delivery(turn.webhook, &turn.event))
    }

    /// Whether something a turn names is there but cannot be read.
    #[must_use]
    pub fn is_unreadable(&self, turn: &Turn) -> bool {
        !self.unreadable.is_empty() && named(turn).iter().any(|key| self.unreadable.contains(key))
    }

    fn take(&mut self, item: Item) {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let key = ItemKey { pk: text("PK"), sk: text("SK") };
        if let Err(error) = self.read(key.clone(), item) {
            tracing::error!(partition = key.pk, error = %error, "an item cannot be read");
            self.unreadable.insert(key);
        }
    }

    fn read(&mut self, key: ItemKey, item: Item) -> Result<(), StoreError> {
        if key.pk == keys::WEBHOOKS {
            let webhook: Webhook = schema::read(item)?;
            self.webhooks.insert(webhook.id, webhook);
        } else if key.sk.starts_with(keys::DELIVERY_PREFIX) {
            let stored: DeliveryItem = schema::read(item)?;
            self.deliveries.insert(key, stored.delivery);
        } else {
            let stored: EventItem = schema::read(item)?;
            self.events.insert(stored.event.id.clone(), stored.event);
        }
        Ok(())
    }
}

fn named(turn: &Turn) -> [ItemKey; 3] {
    let webhook = keys::webhook(&turn.service, turn.webhook);
    [webhook, keys::event(&turn.event), keys::delivery(turn.webhook, &turn.event)]
}

impl CommunsStore {
    /// Reads everything `turns` name, strongly consistent; what is not there is left out.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn facts(&self, turns: &[Turn]) -> Result<Facts, StoreError> {
        let keys: HashSet<ItemKey> = turns.iter().flat_map(named).collect();
        let keys: Vec<_> = keys.iter().map(ItemKey::to_attributes).collect();
        let mut facts = Facts::default();
        for page in keys.chunks(KEYS_AT_A_TIME) {
            for item in self.batch_get(page.to_vec()).await? {
                facts.take(item);
            }
        }
        Ok(facts)
    }
}
