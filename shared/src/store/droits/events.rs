//! Events, seen through their housing or their campaign.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::collections::Kind;
use super::walk::{ListPosition, Page};
use super::{DroitsStore, keys};
use crate::store::error::{CommitError, StoreError};
use crate::store::guard::Guard;
use crate::store::transaction::Transaction;
use domain::droits::perimeter::GeoCode;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Parent {
    /// A housing.
    HousingId(Uuid),
    /// A campaign.
    CampaignId(Uuid),
}

impl Parent {
    const fn id(self) -> Uuid {
        match self {
            Self::HousingId(id) | Self::CampaignId(id) => id,
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub name: String,
    /// What it is about.
    #[serde(flatten)]
    pub parent: Parent,
}

/// An event and the list it is in, as long as its parent is known.
#[derive(Serialize, Deserialize)]
struct Item {
    #[serde(flatten)]
    event: Event,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl DroitsStore {
    /// A page of the events of the housing of `communes` and of the campaigns of `establishments`; of all when both are
    /// absent.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn events(
        &self,
        seen: Option<(&[GeoCode], &[Uuid])>,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Page<Event>, StoreError> {
        let partitions = match seen {
            Some((communes, establishments)) => communes
                .iter()
                .map(|commune| keys::events_of_commune(*commune))
                .chain(establishments.iter().map(|id| keys::events_of_establishment(*id)))
                .collect(),
            None => vec![keys::EVENTS.to_owned()],
        };
        let page = self.walk(partitions, after, limit, |item: &Item| item.place.is_some()).await?;
        Ok(Page { items: page.items.into_iter().map(|(at, item)| (at, item.event)).collect(), more: page.more })
    }

    /// Loads an event, in place of the one with its id.
    ///
    /// # Errors
    /// When DynamoDB fails.
    pub async fn load_event(&self, event: &Event) -> Result<(), CommitError> {
        let before: Option<Item> = self.get(&keys::event(event.id)).await?;
        let place = self.place_of(event.parent).await?;
        let mut transaction = Transaction::default();
        if let Some(former) = before.as_ref().map(|item| item.event.parent.id()).filter(|id| *id != event.parent.id()) {
            self.delete(&mut transaction, &keys::listed(keys::events_of_parent(former), event.id), &Guard::None)?;
        }
        self.set_place(&mut transaction, event, before.and_then(|item| item.place), place)?;
        self.commit(transaction).await
    }

    /// Moves the events of a parent that was loaded or moved to where it is now.
    pub(super) async fn place_events(&self, parent: Uuid) -> Result<(), CommitError> {
        for (_, item) in self.whole::<Item>(&keys::events_of_parent(parent), "").await? {
            let place = self.place_of(item.event.parent).await?;
            if place != item.place {
                let mut transaction = Transaction::default();
                self.set_place(&mut transaction, &item.event, item.place, place)?;
                self.commit(transaction).await?;
            }
        }
        Ok(())
    }

    async fn place_of(&self, parent: Parent) -> Result<Option<String>, StoreError> {
        Ok(match parent {
            Parent::HousingId(id) => self.housing(id).await?.map(|housing| keys::events_of_commune(housing.geo_code)),
            Parent::CampaignId(id) => self
                .collection(Kind::Campaigns, id)
                .await?
                .map(|campaign| keys::events_of_establishment(campaign.establishment_id)),
        })
    }

    fn set_place(
        &self,
        transaction: &mut Transaction,
        event: &Event,
        before: Option<String>,
        place: Option<String>,
    ) -> Result<(), StoreError> {
        if let Some(former) = before.filter(|former| Some(former) != place.as_ref()) {
            self.delete(transaction, &keys::listed(former, event.id), &Guard::None)?;
        }
        let item = Item { event: event.clone(), place };
        let lists = [keys::events_of_parent(event.parent.id()), keys::EVENTS.to_owned()];
        for list in lists.into_iter().chain(item.place.clone()) {
            self.put(transaction, &keys::listed(list, event.id), &item, &Guard::None)?;
        }
        self.put(transaction, &keys::event(event.id), &item, &Guard::None)
    }
}
