//! What a batch of tasks needs, read in one call: webhooks, events and deliveries.

use std::collections::{HashMap, HashSet};

use super::CommunsStore;
use super::deliveries::DeliveryItem;
use super::events::EventItem;
use super::keys;
use super::webhooks::StoredWebhook;
use crate::platform::queue::DeliveryTask;
use crate::store::error::StoreError;
use crate::store::item::{Item, ItemKey};
use domain::communs::event::{Event, EventId};
use domain::webhooks::delivery::Delivery;
use domain::webhooks::subscription::WebhookId;

/// What is stored of the webhooks, events and deliveries that some tasks name.
#[derive(Debug, Default)]
pub struct DeliveryFacts {
    webhooks: HashMap<WebhookId, StoredWebhook>,
    events: HashMap<EventId, Event>,
    deliveries: HashMap<ItemKey, Delivery>,
    /// Items there, but not of a form this version of the code reads: their tasks must come again, not be dropped.
    unreadable: HashSet<ItemKey>,
}

impl DeliveryFacts {
    /// The webhook of a task; `None` once it is deleted.
    #[must_use]
    pub fn webhook(&self, task: &DeliveryTask) -> Option<&StoredWebhook> {
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
        let key = item.key();
        if let Err(error) = self.read(key.clone(), item) {
            tracing::error!(partition = key.pk, error = %error, "an item cannot be read");
            self.unreadable.insert(key);
        }
    }

    fn read(&mut self, key: ItemKey, item: Item) -> Result<(), StoreError> {
        if key.pk == keys::WEBHOOKS {
            let webhook: StoredWebhook = item.read()?;
            self.webhooks.insert(webhook.id, webhook);
        } else if keys::event_of_delivery(&key.sk).is_some() {
            let stored: DeliveryItem = item.read()?;
            self.deliveries.insert(key, stored.delivery);
        } else {
            let stored: EventItem = item.read()?;
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
        let mut facts = DeliveryFacts::default();
        for item in self.batch_get(tasks.iter().flat_map(named)).await? {
            facts.take(item);
        }
        Ok(facts)
    }
}
