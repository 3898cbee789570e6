//! What a batch of tasks needs, read in one call: webhooks, events and deliveries.

use std::collections::{HashMap, HashSet};

use super::deliveries::DeliveryItem;
use super::events::EventItem;
use super::keys;
use super::{CommunsStore, Item};
use crate::platform::queue::DeliveryTask;
use crate::store::error::StoreError;
use crate::store::schema;
use crate::store::table::ItemKey;
use domain::communs::event::{Event, EventId};
use domain::webhooks::delivery::Delivery;
use domain::webhooks::subscription::{Webhook, WebhookId};

/// `BatchGetItem` takes this many keys.
const KEYS_AT_A_TIME: usize = 100;

/// What is stored of the webhooks, events and deliveries that some tasks name.
#[derive(Debug, Default)]
pub struct DeliveryFacts {
    webhooks: HashMap<WebhookId, Webhook>,
    events: HashMap<EventId, Event>,
    deliveries: HashMap<ItemKey, Delivery>,
    /// Items there, but not of a form this version of the code reads: their tasks must come again, not be dropped.
    unreadable: HashSet<ItemKey>,
}

impl DeliveryFacts {
    /// The webhook of a task; `None` once it is deleted.
    #[must_use]
    pub fn webhook(&self, task: &DeliveryTask) -> Option<&Webhook> {
        self.webhooks.get(&task.webhook)
    }

    /// The event of a task; `None` once it has expired.
    #[must_use]
    pub fn event(&self, task: &DeliveryTask) -> Option<&Event> {
        self.events.get(&task.event)
    }

    /// The delivery of a task; `None` before its first attempt.
    #[must_use]
    pub fn delivery(&self, task: &DeliveryTask) -> Option<&Delivery> {
        self.deliveries.get(&keys::delivery(task.webhook, &task.event))
    }

    /// Whether something a task names is there but cannot be read.
    #[must_use]
    pub fn is_unreadable(&self, task: &DeliveryTask) -> bool {
        !self.unreadable.is_empty() && named(task).iter().any(|key| self.unreadable.contains(key))
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

fn named(task: &DeliveryTask) -> [ItemKey; 3] {
    let webhook = keys::webhook(&task.service, task.webhook);
    [webhook, keys::event(&task.event), keys::delivery(task.webhook, &task.event)]
}

impl CommunsStore {
    /// Reads everything `tasks` name, strongly consistent; what is not there is left out.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn load_delivery_facts(&self, tasks: &[DeliveryTask]) -> Result<DeliveryFacts, StoreError> {
        let keys: HashSet<ItemKey> = tasks.iter().flat_map(named).collect();
        let keys: Vec<_> = keys.iter().map(ItemKey::to_attributes).collect();
        let mut facts = DeliveryFacts::default();
        for page in keys.chunks(KEYS_AT_A_TIME) {
            for item in self.batch_get(page.to_vec()).await? {
                facts.take(item);
            }
        }
        Ok(facts)
    }
}
